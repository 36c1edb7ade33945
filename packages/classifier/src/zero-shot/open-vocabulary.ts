import { InputError } from '@cxr-align/files';
import { LabelGraph } from '@cxr-align/label-graph';
import { asInputError, predictableLabels } from '@cxr-align/evaluation';
import type { StoredModel } from '../store/stored-model.js';
import { openTextEncoder } from '../texts/text-encoders.js';
import { encodeTexts, termsOf } from '../texts/frozen-texts.js';
import { type FrozenTexts } from '../texts/frozen-text-arrays.js';

/**
 * Adds the labels of a data set that a model was not trained for as zero-shot labels, by their prompts.
 *
 * @param graph of the data.
 * @param choice the text encoder; that of the run unless given.
 * @returns all labels, the trained ones first; undefined where the model has all labels of the data.
 * @throws {InputError} if the model's decoder is not queried by prompts, or the encoder is not that of the run.
 */
export async function openVocabulary(
  stored: StoredModel,
  graph: LabelGraph,
  choice = stored.config.prompts.encoder,
): Promise<{ graph: LabelGraph; texts: FrozenTexts } | undefined> {
  const { config, texts } = stored;
  if (
    !texts?.encoder ||
    config.decoder.kind !== 'query' ||
    config.heads === 'classification' ||
    config.prompts.contextPerLabel
  )
    throw new InputError(
      'expected a run whose decoder is queried by prompts for zero-shot labels (model aligned, decoder.kind query, heads both or similarity, a text encoder), got another; train one',
    );
  const known = stored.zeroShot ?? stored.graph;
  const given = new Set(predictableLabels(known, graph));
  const names = graph.labels.filter((label) => !given.has(label));
  if (names.length === 0) return undefined;
  const placeOf = (parent: string): string[] => {
    const found = known.find(parent) ?? (names.includes(parent) ? parent : undefined);
    return found === undefined ? [] : [found];
  };
  const definition = known.toDefinition();
  const added = names.map((name) => {
    const { group: _group, ...node } = graph.node(name);
    return { ...node, name, parents: graph.parents(name).flatMap(placeOf) };
  });
  const all = asInputError(
    () =>
      new LabelGraph({ ...definition, labels: [...definition.labels, ...added], order: [...known.labels, ...names] }),
  );
  const encoder = await openTextEncoder(choice, all);
  try {
    // The built-in encoder is made of the labels: it is another one with more of them.
    if (choice !== 'built-in' && encoder.hash !== texts.encoder.hash)
      throw new InputError(
        `expected the text encoder ${texts.encoder.name} that the run was trained with, got another (${encoder.name}); pass the folder where that encoder is now`,
      );
    const options = { ...config.prompts, seed: config.seed, sampling: false };
    const more = await encodeTexts(encoder, options, termsOf(all).slice(known.labels.length));
    return { graph: all, texts: appendTexts(texts, more) };
  } finally {
    await encoder.dispose?.();
  }
}

/** Texts of some labels, then of others. */
function appendTexts(texts: FrozenTexts, more: FrozenTexts): FrozenTexts {
  const along = (axis: number, a?: FrozenTexts['prompts'], b?: FrozenTexts['prompts']) =>
    a && b
      ? { shape: a.shape.map((size, i) => (i === axis ? size + b.shape[i] : size)), data: joinAlong(axis, a, b) }
      : a;
  if (texts.tokens || more.tokens)
    throw new InputError(
      'expected a run without prompts.tokens for zero-shot labels, got one with token embeddings, to which no labels can be added; train one without',
    );
  return {
    ...texts,
    prompts: along(1, texts.prompts, more.prompts)!,
    sources: along(2, texts.sources, more.sources),
    descriptors: along(1, texts.descriptors, more.descriptors),
    words: [...texts.words, ...more.words],
  };
}

function joinAlong(axis: number, a: FrozenTexts['prompts'], b: FrozenTexts['prompts']): Float32Array {
  const outer = a.shape.slice(0, axis).reduce((product, size) => product * size, 1);
  const [rowA, rowB] = [a.data.length / outer, b.data.length / outer];
  const joined = new Float32Array(a.data.length + b.data.length);
  for (let i = 0; i < outer; i++) {
    joined.set(a.data.subarray(i * rowA, (i + 1) * rowA), i * (rowA + rowB));
    joined.set(b.data.subarray(i * rowB, (i + 1) * rowB), i * (rowA + rowB) + rowA);
  }
  return joined;
}
