import { dirname, join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { normalizeLabel, type LabelGraph } from '@cxr-align/label-graph';
import {
  encodeEnsembles,
  labelDescriptors,
  labelPrompts,
  loadPromptEmbeddings,
  normalizeRow,
  similarityMatrix,
  type LabelPromptTexts,
  type LabelTerms,
  type TextEncoder,
} from '@cxr-align/text-encoder';
import type { ModelConfig } from '../model-config.js';
import type { FrozenTexts, PromptBank } from './frozen-text-arrays.js';
import { readLabelNames } from './label-names.js';
import { openTextEncoder } from './text-encoders.js';

/** What is known of the words of the labels of a graph. */
export function termsOf(graph: LabelGraph): LabelTerms[] {
  return graph.labels.map((label) => {
    const { descriptors, prompts } = graph.node(label);
    return { label, finding: graph.finding(label)?.name, descriptors, prompts };
  });
}

/** Encodes the prompts of all labels, or reads embeddings made elsewhere: those have no negative prompts. */
export async function frozenTexts(
  config: Pick<ModelConfig, 'prompts' | 'seed'>,
  graph: LabelGraph,
): Promise<FrozenTexts> {
  const { prompts, seed } = config;
  if (prompts.embeddings !== '') return storedTexts(prompts, graph.labels);
  const encoder = await openTextEncoder(prompts.encoder, graph);
  try {
    return await encodeTexts(encoder, { ...prompts, seed }, termsOf(graph));
  } finally {
    await encoder.dispose?.();
  }
}

type PromptChoice = Pick<ModelConfig['prompts'], 'set' | 'count' | 'sampling' | 'mixture' | 'tokens'> & {
  seed: number;
};

/** Encodes the prompts and observations of labels. */
export async function encodeTexts(
  encoder: TextEncoder,
  { set, count, seed, sampling, mixture, tokens }: PromptChoice,
  terms: readonly LabelTerms[],
): Promise<FrozenTexts> {
  const { dim } = encoder;
  const texts = labelPrompts(terms, { set, count, seed });
  const described = labelDescriptors(terms);
  const observations = described.flatMap(({ descriptors }) => descriptors);
  const sources: Float32Array[] = [];
  for (const source of mixture)
    sources.push(await encodeEnsembles(encoder, inKinds(labelPrompts(terms, { set: source, count, seed }))));
  return {
    prompts: { shape: [2, terms.length, dim], data: await encodeEnsembles(encoder, inKinds(texts)) },
    ...(sources.length > 0 && {
      sources: { shape: [sources.length, 2, terms.length, dim], data: joined(sources) },
    }),
    ...(tokens && { tokens: await encodeTokens(encoder, texts) }),
    descriptors: {
      shape: [2, observations.length, dim],
      data: await encoder.encode([
        ...observations.map(({ positive }) => positive),
        ...observations.map(({ negative }) => negative),
      ]),
    },
    ...(sampling && { bank: await encodeBank(encoder, inKinds(texts)) }),
    words: texts.map((one, i) => ({ ...one, descriptors: described[i].descriptors.map(({ text }) => text) })),
    encoder: { name: encoder.name, hash: encoder.hash },
  };
}

/** The positive prompts of all labels, then the negative ones. */
function inKinds(texts: readonly LabelPromptTexts[]): string[][] {
  return [...texts.map(({ positive }) => positive), ...texts.map(({ negative }) => negative)];
}

async function encodeBank(encoder: TextEncoder, groups: readonly string[][]): Promise<PromptBank> {
  const data = await encoder.encode(groups.flat());
  let at = 0;
  return {
    values: { shape: [data.length / encoder.dim, encoder.dim], data },
    rows: groups.map((texts) => texts.map(() => at++)),
  };
}

async function encodeTokens(
  encoder: TextEncoder,
  texts: readonly LabelPromptTexts[],
): Promise<NonNullable<FrozenTexts['tokens']>> {
  const { tokenDim } = encoder;
  if (!encoder.encodeTokens || tokenDim === undefined)
    throw new InputError(
      `expected a text encoder that outputs token embeddings with prompts.tokens, got ${encoder.name}, which has one embedding per text; try prompts.tokens: false`,
    );
  if (tokenDim !== encoder.dim)
    throw new InputError(
      `expected tokens as wide as texts (${encoder.dim}) with prompts.tokens, got ${tokenDim}; try prompts.tokens: false`,
    );
  const vectors = await encoder.encodeTokens(inKinds(texts).map(([first]) => first));
  const longest = vectors.reduce((most, { tokens }) => Math.max(most, tokens), 0);
  const values = new Float32Array(vectors.length * longest * tokenDim);
  const mask = new Float32Array(vectors.length * longest);
  vectors.forEach((one, row) => {
    values.set(one.values, row * longest * tokenDim);
    mask.fill(1, row * longest, row * longest + one.tokens);
  });
  const shape = [2, texts.length, longest];
  return { values: { shape: [...shape, tokenDim], data: values }, mask: { shape, data: mask } };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

/** Embeddings from a file, each row found by its label's name, never by its index. */
function storedTexts({ embeddings, embeddingLabels }: ModelConfig['prompts'], labels: readonly string[]): FrozenTexts {
  const file = embeddingLabels || join(dirname(embeddings), 'labels.json');
  const names = readLabelNames(file);
  const { values, dim } = loadPromptEmbeddings(embeddings, { labels: names });
  const rowOf = new Map(names.map((name, row) => [normalizeLabel(name), row]));
  const missing = labels.filter((label) => !rowOf.has(normalizeLabel(label)));
  if (missing.length > 0)
    throw new InputError(
      `expected an embedding for every label of the data, got none for ${missing.join(', ')}; encode their prompts, too`,
      {
        file,
      },
    );
  const ordered = new Float32Array(labels.length * dim);
  labels.forEach((label, i) => {
    const row = rowOf.get(normalizeLabel(label))!;
    const own = ordered.subarray(i * dim, (i + 1) * dim);
    own.set(values.subarray(row * dim, (row + 1) * dim));
    normalizeRow(own);
  });
  return {
    prompts: { shape: [1, labels.length, dim], data: ordered },
    words: [],
    encoder: null,
  };
}

/**
 * Cosines between the frozen positive prompts of the first labels [labels, labels], before any training.
 *
 * @param count of labels.
 */
export function frozenCosines({ prompts: { shape, data } }: FrozenTexts, count: number): Float32Array {
  const dim = shape[2];
  return similarityMatrix(Float32Array.from(data).subarray(0, count * dim), dim).cosine;
}
