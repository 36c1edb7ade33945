import { InputError } from '@cxr-align/files';
import { labelSetNames } from '@cxr-align/label-graph';
import {
  attackMethods,
  attackMethodsOf,
  loadPromptEmbeddings,
  promptSetNames,
  type AttackMethod,
  type TextEncoder,
} from '@cxr-align/text-encoder';
import type { Split } from '@cxr-align/datasets';
import { loadModel } from '../model/load-model.js';
import { trainedSource } from '../inputs/input-source.js';
import { loadInputs } from '../inputs/load-inputs.js';
import { openDataset } from '../inputs/prepare-data.js';
import { scoreAttacks } from '../prompts/attacked-scores.js';
import { attackPrompts, attackText } from '../prompts/prompt-attack.js';
import { readModel } from '../run-folder.js';
import { inOrderOf, loadGraph } from '../labels/label-knowledge.js';
import { readLabelNames } from '../labels/label-names.js';
import {
  frozenSimilarity,
  promptSimilarity,
  similarityReport,
  similarityText,
  trainedSimilarity,
  type PromptSimilarity,
} from '../prompts/prompt-similarity.js';
import { openTextEncoder } from '../prompts/text-encoders.js';
import { encodeTexts, termsOf, type FrozenTexts } from '../prompts/texts.js';
import {
  commonFlags,
  dataFlags,
  encoderFlags,
  engineFlags,
  printResult,
  progress,
  startAsked,
  type Command,
} from './command.js';

const textFlags = {
  ...commonFlags,
  graph: { type: 'string', default: 'chexpert-14', describe: `Label graph: ${labelSetNames.join(', ')}, or a file` },
  set: { choices: promptSetNames, default: 'pairs', describe: 'Prompt set' },
  seed: { type: 'number', default: 0, describe: 'Drives what is drawn' },
  'text-encoder': {
    type: 'string',
    default: 'built-in',
    describe: 'Frozen text encoder: built-in, use-lite, or a folder (ONNX)',
  },
} as const;

const flags = {
  ...textFlags,
  count: { type: 'number', default: 0, describe: 'At most so many prompts of a label and kind, drawn; 0 = all' },
  embeddings: { type: 'string', describe: '.npy of prompt embeddings [labels, dim] made elsewhere' },
  labels: { type: 'string', describe: 'JSON list of the labels of its rows' },
  dim: { type: 'number', describe: 'Width that the embeddings must have' },
} as const;

interface TextFlags {
  json: boolean;
  graph: string;
  set: string;
  seed: number;
  textEncoder: string;
}

interface Flags extends TextFlags {
  count: number;
  embeddings?: string;
  labels?: string;
  dim?: number;
}

interface SimilarityFlags extends Flags {
  engine: Parameters<typeof startAsked>[0]['engine'];
  threads?: number;
  run?: string;
  out?: string;
  png: boolean;
}

interface AttackFlags extends TextFlags {
  engine: Parameters<typeof startAsked>[0]['engine'];
  threads?: number;
  method?: AttackMethod[];
  length: number;
  budget?: number;
  concept?: string;
  run?: string;
  data?: string;
  format: string;
  encoder?: string;
  features?: string;
  split: string;
}

/** `cxr-align prompts encode|similarity|attack`: the text side on its own. */
export const prompts: Command<unknown> = {
  command: 'prompts',
  describe: 'Encode the prompts of labels, see how similar they are, and how easily they are moved',
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
        'Print the cosines between labels, and of each with its negation',
        (sub) =>
          sub.options({
            ...flags,
            ...engineFlags,
            run: { type: 'string', describe: 'Run folder: its own labels and prompts, before and after training' },
            out: { type: 'string', describe: 'Folder for report.html with heat maps' },
            png: { type: 'boolean', default: false, describe: 'Write the figures as PNG files, too (with --out)' },
          }),
        (given) => similarity(given as unknown as SimilarityFlags),
      )
      .command(
        'attack',
        'Look for suffixes and edits that move the prompts of labels most',
        (sub) =>
          sub.options({
            ...textFlags,
            ...engineFlags,
            method: {
              choices: attackMethods,
              array: true,
              describe:
                'Ways to look for a suffix; all that the encoder is open to unless given (gradient: ONNX alone)',
            },
            length: { type: 'number', default: 5, describe: 'Characters of a suffix' },
            budget: { type: 'number', describe: 'Texts that a search may encode; 2 · length · alphabet unless given' },
            concept: { type: 'string', describe: 'A label: its key dimensions alone are attacked' },
            run: { type: 'string', describe: 'Run folder: its labels, prompts and encoder, and with --data its AUROC' },
            data: { type: 'string', describe: 'Data set on which the run is scored with the changed prompts' },
            format: { ...dataFlags.format },
            features: { ...encoderFlags.features },
            encoder: { ...encoderFlags.encoder },
            split: { type: 'string', default: 'val', describe: 'Split of the data' },
          }),
        (given) => attack(given as unknown as AttackFlags),
      )
      .demandCommand(1, 'expected prompts encode, prompts similarity or prompts attack'),
  handler: async () => {},
};

/** The prompts that were asked for, by a frozen encoder. */
async function encodeAsked({
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
  const { labels, texts } = await encodeAsked(given);
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
    await startAsked(given);
    const loaded = loadModel(run);
    const { stored } = loaded;
    if (!stored.texts || !loaded.model.encodePrompts)
      throw new InputError('expected a run with prompts (model aligned), got one without', { file: run });
    title = run;
    parts.push({ name: 'before training', similarity: frozenSimilarity(stored.graph.labels, stored.texts) });
    parts.push({ name: 'after training', similarity: await trainedSimilarity(loaded) });
    loaded.dispose();
  } else if (given.embeddings !== undefined) {
    const { labels, values } = await load(given);
    parts.push({ name: 'embeddings', similarity: promptSimilarity(labels, { positive: values }) });
  } else {
    const { labels, texts } = await encodeAsked(given);
    if (given.dim !== undefined) await load(given);
    parts.push({ name: texts.encoder!.name, similarity: frozenSimilarity(labels, texts) });
  }
  if (out !== undefined) await similarityReport(out, title, parts, { png });
  const [first, second] = parts.map((part) => part.similarity);
  printResult(json, second ? { ...first, trained: second } : first, () =>
    parts.map((part) => `${parts.length > 1 ? `${part.name}\n` : ''}${similarityText(part.similarity)}`).join('\n\n'),
  );
}

async function attack(given: AttackFlags): Promise<void> {
  const { run, data, length, budget, seed, concept, json, split } = given;
  for (const [flag, value] of Object.entries({ '--length': length, '--budget': budget ?? 1 }))
    if (!Number.isInteger(value) || value < 1)
      throw new InputError(`expected ${flag} to be a whole number of 1 or more, got ${value}`);
  if (data !== undefined && run === undefined)
    throw new InputError('expected --run RUN with --data: the AUROC is that of a run');
  const stored = run === undefined ? undefined : readModel(run);
  const graph = stored?.graph ?? loadGraph(given.graph);
  const prompts = stored?.config.prompts;
  const encoder = await openTextEncoder(
    prompts && given.textEncoder === 'built-in' ? prompts.encoder : given.textEncoder,
    stored?.zeroShot ?? graph,
  );
  if (stored?.texts?.encoder && stored.texts.encoder.hash !== encoder.hash)
    throw new InputError(
      `expected the text encoder of the run, ${stored.texts.encoder.name}, got another (${encoder.name}); say --text-encoder DIR`,
      { file: run },
    );
  const open = methodsFor(encoder, given.method);
  if (open.includes('gradient') || data !== undefined) await startAsked(given);
  const methods = given.method ?? (await differentiable(encoder, open));
  const request = { set: prompts?.set ?? given.set, methods, length, budget, seed, concept };
  const result = await attackPrompts(encoder, graph, request, progress);
  if (stored && data !== undefined) {
    const opened = await openDataset({ ...given, path: data });
    if (!opened.dataset.samples.some((sample) => sample.split === split))
      throw new InputError(`expected a split of the data with --split, got ${split}`, { file: data });
    const source = await trainedSource(stored, opened.dataset, { ...given, out: run! }, progress);
    const loaded = await loadInputs(opened, source, { progress });
    const labelled = { ...loaded, dataset: inOrderOf(graph, loaded.dataset) };
    result.auroc = await scoreAttacks(result, stored, encoder, labelled, split as Split, progress);
    await loaded.inputs.dispose();
  }
  await encoder.dispose?.();
  printResult(json, result, () => attackText(result));
}

/** The ways that were asked for, or all there are. @throws {InputError} if the encoder is not open to one. */
function methodsFor(encoder: TextEncoder, asked?: AttackMethod[]): AttackMethod[] {
  const open = attackMethodsOf(encoder);
  const closed = asked?.find((method) => !open.includes(method));
  if (closed !== undefined)
    throw new InputError(
      `expected --method of ${open.join(', ')} with the text encoder ${encoder.name}, got ${closed}: only one in ONNX can be differentiated`,
    );
  return asked ?? open;
}

/** Leaves `gradient` out, and says why, where nobody asked for it and the encoder's file has what cannot be differentiated here. */
async function differentiable(encoder: TextEncoder, open: AttackMethod[]): Promise<AttackMethod[]> {
  try {
    await encoder.slopes?.();
    return open;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    progress.say(`gradient is left out: ${error.message}`);
    return open.filter((method) => method !== 'gradient');
  }
}
