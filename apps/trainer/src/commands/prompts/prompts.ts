import { InputError } from '@cxr-align/files';
import { loadPromptEmbeddings } from '@cxr-align/text-encoder';
import {
  type FrozenTexts,
  type PromptSimilarity,
  encodeTexts,
  frozenSimilarity,
  loadModel,
  openTextEncoder,
  promptSimilarity,
  readLabelNames,
  termsOf,
  trainedSimilarity,
} from '@cxr-align/classifier';
import { loadGraph } from '@cxr-align/training';
import { similarityReport, similarityText } from '@cxr-align/run-report';
import { outputFolder } from '../../usage/output-path.js';
import { type Command, engineFlags, printResult, startEngineOf } from '../command.js';
import { attack, attackFlags, type AttackFlags } from './attack.js';
import { textFlags, type TextFlags } from './text-flags.js';

const flags = {
  ...textFlags,
  count: {
    type: 'number',
    default: 0,
    describe: 'Maximum number of prompts of a label and kind, drawn at random; 0 = all',
  },
  embeddings: { type: 'string', describe: '.npy of prompt embeddings [labels, dim] of another program' },
  labels: { type: 'string', describe: 'JSON list of the labels of the rows of --embeddings' },
  dim: { type: 'number', describe: 'Expected width of the embeddings' },
} as const;

interface Flags extends TextFlags {
  count: number;
  embeddings?: string;
  labels?: string;
  dim?: number;
}

interface SimilarityFlags extends Flags {
  engine: Parameters<typeof startEngineOf>[0]['engine'];
  threads?: number;
  run?: string;
  out?: string;
  png: boolean;
}

/** `cxr-align prompts encode|similarity|attack`: the text side on its own. */
export const prompts: Command = {
  builder: (yargs) =>
    yargs
      .command(
        'encode',
        'Print the embedding of each label',
        (sub) => sub.options(flags),
        (given) => encode(given as unknown as Flags),
      )
      .command(
        'similarity',
        'Print the cosine similarity between labels, and of each label with its negation',
        (sub) =>
          sub.options({
            ...flags,
            ...engineFlags,
            run: { type: 'string', describe: 'Run folder: use its labels and prompts, before and after training' },
            out: { type: 'string', describe: 'Folder for report.html with heat maps', coerce: outputFolder('out') },
            png: { type: 'boolean', default: false, describe: 'With --out: also write the figures as PNG files' },
          }),
        (given) => similarity(given as unknown as SimilarityFlags),
      )
      .command(
        'attack',
        'Search for suffixes and edits that change the prompt embeddings most',
        (sub) => sub.options(attackFlags),
        (given) => attack(given as unknown as AttackFlags),
      )
      .demandCommand(1, 'expected prompts encode, prompts similarity or prompts attack'),
  handler: async () => {},
};

/** Encodes the requested prompts with a frozen encoder. */
async function encodeRequested({
  graph,
  set,
  count,
  seed,
  textEncoder,
}: Flags): Promise<{ labels: readonly string[]; texts: FrozenTexts }> {
  if (!Number.isInteger(count) || count < 0)
    throw new InputError(`expected --count to be a whole number of 0 or more, got ${count}`);
  const known = loadGraph(graph);
  const encoder = await openTextEncoder(textEncoder, known);
  const texts = await encodeTexts(
    encoder,
    { set, count, seed, sampling: false, tokens: false, mixture: [] },
    termsOf(known),
  ).finally(() => encoder.dispose?.());
  return { labels: known.labels, texts };
}

/** Positive prompt embeddings of the labels: read from a file, or made by an encoder. */
async function load(given: Flags): Promise<{ labels: readonly string[]; dim: number; values: Float32Array }> {
  const { embeddings, labels: file, dim } = given;
  if (embeddings !== undefined)
    return loadPromptEmbeddings(embeddings, { labels: file === undefined ? undefined : readLabelNames(file), dim });
  const { labels, texts } = await encodeRequested(given);
  const width = texts.prompts.shape[2];
  if (dim !== undefined && dim !== width)
    throw new InputError(`expected --dim ${width}, the width of the encoder ${given.textEncoder}, got ${dim}`);
  return { labels, dim: width, values: Float32Array.from(texts.prompts.data).subarray(0, labels.length * width) };
}

async function encode(given: Flags): Promise<void> {
  const { labels, dim, values } = await load(given);
  const rows = labels.map((_, i) => [...values.subarray(i * dim, (i + 1) * dim)]);
  printResult(given.json, { labels, dim, embeddings: rows }, () =>
    labels
      .map(
        (label, i) =>
          `${label}: ${rows[i]
            .slice(0, 6)
            .map((value) => value.toFixed(4))
            .join(', ')}, … (${dim} numbers)`,
      )
      .join('\n'),
  );
}

async function similarity(given: SimilarityFlags): Promise<void> {
  const { run, out, png, json } = given;
  const parts: { name: string; similarity: PromptSimilarity }[] = [];
  let title = given.graph;
  if (run !== undefined) {
    if ((given.embeddings ?? given.labels ?? given.dim) !== undefined)
      throw new InputError('expected no --embeddings, --labels or --dim with --run: it has prompts of its own');
    await startEngineOf(given);
    const loaded = loadModel(run);
    const { stored } = loaded;
    if (!stored.texts || !loaded.model.prompts)
      throw new InputError('expected a run with prompts (model aligned), got one without', { file: run });
    title = run;
    parts.push({ name: 'before training', similarity: frozenSimilarity(stored.graph.labels, stored.texts) });
    parts.push({ name: 'after training', similarity: await trainedSimilarity(loaded) });
    loaded.dispose();
  } else if (given.embeddings !== undefined) {
    const { labels, values } = await load(given);
    parts.push({ name: 'embeddings', similarity: promptSimilarity(labels, { positive: values }) });
  } else {
    const { labels, texts } = await encodeRequested(given);
    if (given.dim !== undefined) await load(given);
    parts.push({ name: texts.encoder!.name, similarity: frozenSimilarity(labels, texts) });
  }
  if (out !== undefined) await similarityReport(out, title, parts, { png });
  const [first, second] = parts.map((part) => part.similarity);
  printResult(json, second ? { ...first, trained: second } : first, () =>
    parts.map((part) => `${parts.length > 1 ? `${part.name}\n` : ''}${similarityText(part.similarity)}`).join('\n\n'),
  );
}
