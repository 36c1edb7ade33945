import { dirname, join } from 'node:path';
import { InputError, type StoredTensor } from '@cxr-align/files';
import { normalizeLabel, type LabelGraph } from '@cxr-align/label-graph';
import {
  BuiltInTextEncoder,
  encodeEnsembles,
  labelPrompts,
  loadPromptEmbeddings,
  similarityMatrix,
  type LabelPromptTexts,
} from '@cxr-align/text-encoder';
import type { Config } from './config.js';
import { readLabelNames } from './run-folder.js';

/** Frozen prompt embeddings of all labels. */
export interface FrozenTexts {
  /** [kinds, labels, dim]: positive, then negative where there is one. */
  shape: [kinds: number, labels: number, dim: number];
  values: Float32Array;
  /** The texts behind them; empty for embeddings that were made elsewhere. */
  prompts: LabelPromptTexts[];
}

/** The encoder that knows the words of a label graph. */
export function builtInEncoder(graph: LabelGraph): BuiltInTextEncoder {
  return new BuiltInTextEncoder(
    graph.labels.map((name) => {
      const { synonyms, related = [] } = graph.node(name);
      return { name, synonyms: [...synonyms, ...related], parents: graph.ancestors(name) };
    }),
  );
}

/** Encodes the prompts of all labels, or reads embeddings made elsewhere: those have no negative prompts. */
export async function frozenTexts({ prompts }: Config, graph: LabelGraph): Promise<FrozenTexts> {
  const { labels } = graph;
  if (prompts.embeddings !== '') return storedTexts(prompts, labels);
  const texts = promptTexts(graph, prompts.set);
  const encoder = builtInEncoder(graph);
  const values = await encodeEnsembles(encoder, [
    ...texts.map(({ positive }) => positive),
    ...texts.map(({ negative }) => negative),
  ]);
  return { shape: [2, labels.length, encoder.dim], values, prompts: texts };
}

/** The prompts of each label: its own where the graph has some, else those of a set. */
export function promptTexts(graph: LabelGraph, set: string): LabelPromptTexts[] {
  return labelPrompts(graph.labels, set).map((texts) => {
    const own = graph.node(texts.label).prompts;
    return own ? { ...texts, positive: [...own.positive], negative: [...(own.negative ?? texts.negative)] } : texts;
  });
}

/** Embeddings made elsewhere, each row found by its label's name: never by its place. */
function storedTexts({ embeddings, embeddingLabels }: Config['prompts'], labels: readonly string[]): FrozenTexts {
  const file = embeddingLabels || join(dirname(embeddings), 'labels.json');
  const names = readLabelNames(file);
  const { values, dim } = loadPromptEmbeddings(embeddings, { labels: names });
  const rowOf = new Map(names.map((name, row) => [normalizeLabel(name), row]));
  const missing = labels.filter((label) => !rowOf.has(normalizeLabel(label)));
  if (missing.length > 0)
    throw new InputError(`expected an embedding for every label of the data, got none for ${missing.join(', ')}`, {
      file,
    });
  const ordered = new Float32Array(labels.length * dim);
  labels.forEach((label, i) => {
    const row = rowOf.get(normalizeLabel(label))!;
    ordered.set(values.subarray(row * dim, (row + 1) * dim), i * dim);
  });
  return { shape: [1, labels.length, dim], values: unitRows(ordered, dim), prompts: [] };
}

/** Rows of length 1. */
function unitRows(values: Float32Array, dim: number): Float32Array {
  const unit = values.slice();
  for (let start = 0; start < unit.length; start += dim) {
    const row = unit.subarray(start, start + dim);
    const length = Math.hypot(...row);
    if (length > 0) row.forEach((value, i) => (row[i] = value / length));
  }
  return unit;
}

/**
 * Cosines between the frozen positive prompts [labels, labels], before any training.
 *
 * @param texts embeddings [kinds, labels, dim], as they are stored.
 */
export function frozenCosines({ shape: [, labels, dim], data }: StoredTensor): Float32Array {
  return Float32Array.from(similarityMatrix(Float32Array.from(data).subarray(0, labels * dim), dim).cosine);
}
