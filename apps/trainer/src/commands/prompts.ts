import { InputError } from '@cxr-align/files';
import { labelSetNames } from '@cxr-align/label-graph';
import { encodeEnsembles, loadPromptEmbeddings, promptSetNames, similarityMatrix } from '@cxr-align/text-encoder';
import { orNull } from '../maybe-number.js';
import { loadGraph } from '../label-knowledge.js';
import { readLabelNames } from '../run-folder.js';
import { builtInEncoder, promptTexts } from '../texts.js';
import { commonFlags, printResult, type Command } from './command.js';

const flags = {
  ...commonFlags,
  graph: { type: 'string', default: 'chexpert-14', describe: `Label graph: ${labelSetNames.join(', ')}, or a file` },
  set: { choices: promptSetNames, default: 'pairs', describe: 'Prompt templates' },
  embeddings: { type: 'string', describe: '.npy of prompt embeddings [labels, dim] made elsewhere' },
  labels: { type: 'string', describe: 'JSON list of the labels of its rows' },
  dim: { type: 'number', describe: 'Width that the embeddings must have' },
} as const;

interface Flags {
  json: boolean;
  graph: string;
  set: string;
  embeddings?: string;
  labels?: string;
  dim?: number;
}

/** `cxr-align prompts encode|similarity`: the text side on its own. */
export const prompts: Command<unknown> = {
  command: 'prompts',
  describe: 'Encode the prompts of labels, and see how similar they are',
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
        'Print the cosines between labels',
        (sub) => sub.options(flags),
        (given) => similarity(given as unknown as Flags),
      )
      .demandCommand(1, 'expected prompts encode or prompts similarity'),
  handler: async () => {},
};

/** Positive prompt embeddings of the labels: read from a file, or made by the built-in encoder. */
async function load({
  graph,
  set,
  embeddings,
  labels,
  dim,
}: Flags): Promise<{ labels: readonly string[]; dim: number; values: Float32Array }> {
  if (embeddings !== undefined) {
    const names = labels === undefined ? undefined : readLabelNames(labels);
    return loadPromptEmbeddings(embeddings, { labels: names, dim });
  }
  const known = loadGraph(graph);
  const encoder = builtInEncoder(known);
  if (dim !== undefined && dim !== encoder.dim)
    throw new InputError(`expected --dim ${encoder.dim}, the width of the built-in encoder, got ${dim}`);
  const texts = promptTexts(known, set);
  return {
    labels: known.labels,
    dim: encoder.dim,
    values: await encodeEnsembles(
      encoder,
      texts.map(({ positive }) => positive),
    ),
  };
}

async function encode(flags: Flags): Promise<void> {
  const { labels, dim, values } = await load(flags);
  const rows = labels.map((_, i) => [...values.subarray(i * dim, (i + 1) * dim)]);
  printResult(flags.json, { labels, dim, embeddings: rows }, () =>
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

async function similarity(flags: Flags): Promise<void> {
  const { labels, dim, values } = await load(flags);
  const { cosine, offDiagonal } = similarityMatrix(values, dim);
  const rows = labels.map((_, i) => [...cosine.subarray(i * labels.length, (i + 1) * labels.length)]);
  const statistics = Object.fromEntries(Object.entries(offDiagonal).map(([name, value]) => [name, orNull(value)]));
  printResult(flags.json, { labels, cosine: rows, offDiagonal: statistics }, () => {
    const width = Math.max(...labels.map((label) => label.length));
    return [
      ...labels.map(
        (label, i) => `${label.padEnd(width)}  ${rows[i].map((value) => value.toFixed(2).padStart(6)).join('')}`,
      ),
      '',
      `different labels: ${Object.entries(offDiagonal)
        .map(([name, value]) => `${name} ${value.toFixed(3)}`)
        .join(', ')}`,
    ].join('\n');
  });
}
