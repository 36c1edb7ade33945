import type { LabelGraph } from '@cxr-align/label-graph';
import {
  BuiltInTextEncoder,
  encodeEnsembles,
  labelPrompts,
  loadPromptEmbeddings,
  type LabelPromptTexts,
} from '@cxr-align/text-encoder';
import type { Config } from './config.js';

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
    graph.labels.map((name) => ({ name, synonyms: graph.synonyms(name), parents: graph.ancestors(name) })),
  );
}

/** Encodes the prompts of all labels, or reads embeddings made elsewhere: those have no negative prompts. */
export async function frozenTexts({ prompts }: Config, graph: LabelGraph): Promise<FrozenTexts> {
  const { labels } = graph;
  if (prompts.embeddings !== '') {
    const { values, dim } = loadPromptEmbeddings(prompts.embeddings, { labels });
    return { shape: [1, labels.length, dim], values: unitRows(values, dim), prompts: [] };
  }
  const texts = labelPrompts(labels, prompts.set);
  const encoder = builtInEncoder(graph);
  const values = await encodeEnsembles(encoder, [
    ...texts.map(({ positive }) => positive),
    ...texts.map(({ negative }) => negative),
  ]);
  return { shape: [2, labels.length, encoder.dim], values, prompts: texts };
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
