import { selectLabels, type Dataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { fitToColumns, LabelGraph } from '@cxr-align/label-graph';
import { bootstrapModels, bootstrapP, clusterRows, percentileInterval, RankedScores } from '@cxr-align/metrics';
import type { Interval, ZeroShotScores } from './evaluation-schema.js';
import { asInputError } from '../labels/label-knowledge.js';
import { labelsGiven } from '../labels/label-mapping.js';
import { orNull } from '../maybe-number.js';
import type { ModelTexts } from '../model/model-texts.js';
import { columnOf, type Predictions } from './predictions.js';
import type { StoredModel } from '../run-folder.js';
import { openTextEncoder } from '../prompts/text-encoders.js';
import { encodeTexts, termsOf, type FrozenTexts } from '../prompts/texts.js';

/** Labels that a model tells by their prompts alone, after those that it was trained for. */
export interface AskedLabels {
  /** All of them, in that order. */
  graph: LabelGraph;
  texts: ModelTexts;
}

/** A data set without some of its labels, and the graph of those that are left. */
export interface HeldOut {
  dataset: Dataset;
  graph: LabelGraph;
  /** With those that are held out, last; undefined where none is. */
  zeroShot?: LabelGraph;
}

/**
 * Takes the labels out that a training is not to see.
 *
 * @param graph in the data's label order.
 * @throws {InputError} if one is no label of the data, or none is left.
 */
export function holdOut(dataset: Dataset, graph: LabelGraph, names: readonly string[]): HeldOut {
  if (names.length === 0) return { dataset, graph };
  const held = names.map((name) => {
    const label = graph.find(name);
    if (label === undefined || !graph.labels.includes(label))
      throw new InputError(`expected labels of the data to hold out (${graph.labels.join(', ')}), got ${name}`);
    return label;
  });
  const columns = graph.labels.flatMap((label, i) => (held.includes(label) ? [] : [i]));
  if (columns.length === 0) throw new InputError('expected a label that is trained, got all of them held out');
  const kept = columns.map((column) => graph.labels[column]);
  return {
    dataset: selectLabels(dataset, columns),
    graph: fitToColumns(graph, kept),
    zeroShot: fitToColumns(graph, [...kept, ...new Set(held)]),
  };
}

/** What belongs to the labels of a model. */
type LabelFacts = Pick<StoredModel, 'graph' | 'thresholds' | 'calibrations' | 'prevalence' | 'metadata'>;

/** The labels that a model tells, trained or asked for: what was fitted on validation is known of the trained ones alone. */
export function toldLabels(stored: StoredModel, asked: AskedLabels | undefined): LabelFacts {
  const { graph, thresholds, calibrations, prevalence, metadata } = stored;
  if (!asked) return { graph, thresholds, calibrations, prevalence, metadata };
  const more = asked.graph.labels.slice(graph.labels.length);
  return {
    graph: asked.graph,
    thresholds: [...thresholds, ...more.map(() => NaN)],
    calibrations: [
      ...calibrations,
      ...more.map(() => ({ calibration: { kind: 'none' as const }, conformal: null, prior: null })),
    ],
    prevalence: null,
    metadata: null,
  };
}

/**
 * Probabilities [samples, labels] with those of untrained labels put in their place: that of the label above times what the
 * prompts say, P(child) = P(parent) · P(child | parent). Where several are above, the most probable counts; where none is
 * trained, the prompts alone.
 *
 * @param graph of all labels, the trained ones first.
 */
export function placeInGraph(probabilities: Float32Array, graph: LabelGraph, trained: number): Float32Array {
  const { labels } = graph;
  const n = labels.length;
  const placed = probabilities.slice();
  for (let label = trained; label < n; label++) {
    const above = trainedParents(graph, labels[label], (name) => labels.indexOf(name) < trained).map((name) =>
      labels.indexOf(name),
    );
    if (above.length === 0) continue;
    for (let row = 0; row < placed.length; row += n)
      placed[row + label] *= Math.max(...above.map((parent) => probabilities[row + parent]));
  }
  return placed;
}

/** The labels directly above one that are trained. */
function trainedParents(graph: LabelGraph, label: string, isTrained: (name: string) => boolean): string[] {
  return graph.parents(label).filter((name) => graph.labels.includes(name) && isTrained(name));
}

/**
 * The labels of a data set that a model was not trained for, as prompts: what `evaluate --zero-shot` asks for.
 *
 * @param graph of the data.
 * @param choice the text encoder; that of the run unless given.
 * @throws {InputError} if the model cannot be asked, or the encoder is not that of the run.
 */
export async function openVocabulary(
  stored: StoredModel,
  graph: LabelGraph,
  choice = stored.config.prompts.encoder,
): Promise<{ graph: LabelGraph; texts: FrozenTexts } | undefined> {
  const { config, texts } = stored;
  if (!texts?.encoder || config.splitter.kind !== 'query' || config.score === 'head' || config.prompts.contextPerLabel)
    throw new InputError(
      'expected a run that knows labels by their prompts with --zero-shot: model aligned, splitter.kind query, score both or similarity, a text encoder; got another',
    );
  const known = stored.zeroShot ?? stored.graph;
  const given = new Set(labelsGiven(known, graph));
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
        `expected the text encoder ${texts.encoder.name} that the run was trained with, got another (${encoder.name}); say --text-encoder DIR`,
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
      'expected a run without prompts.tokens with --zero-shot: token by token, labels are not added',
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

/**
 * How well labels are told that were never trained: against chance, and against simply saying what the label above says.
 *
 * @param byPrompts what the prompts alone say, [samples, labels] like the predictions.
 * @param options `labels` that were asked for, as the predictions name them, and the `graph` of the predictions.
 */
export function scoreZeroShot(
  { labels: columns, samples, targets, probabilities }: Predictions,
  byPrompts: Float32Array,
  { labels, graph, draws }: { labels: readonly string[]; graph: LabelGraph; draws: number },
): ZeroShotScores {
  const n = columns.length;
  const clusters = clusterRows(samples.map(({ patient }) => patient));
  const of = (label: string, told = probabilities): Float64Array => columnOf(told, n, columns.indexOf(label));
  const interval = (values: Float64Array): Interval => percentileInterval(values).map(orNull) as Interval;
  return Object.fromEntries(
    labels.map((label) => {
      const truth = columnOf(targets, n, columns.indexOf(label));
      const own = new RankedScores(truth, of(label));
      const above = trainedParents(graph, label, (name) => columns.includes(name) && !labels.includes(name));
      const told = above.map((name) => of(name));
      const parent = told.length === 0 ? undefined : told[0].map((_, row) => Math.max(...told.map((one) => one[row])));
      const ranked = [own, ...(parent ? [new RankedScores(truth, parent)] : [])];
      const drawn = bootstrapModels(
        ranked.map((one) => [one]),
        clusters,
        { draws },
      ).map(({ auroc }) => auroc.byLabel[0]);
      const [auroc, parentAuroc = NaN] = ranked.map((one) => one.auroc());
      const difference = drawn.length > 1 ? drawn[0].map((value, draw) => value - drawn[1][draw]) : new Float64Array();
      return [
        label,
        {
          auroc: orNull(auroc),
          aurocCi: interval(drawn[0]),
          promptAuroc: orNull(new RankedScores(truth, of(label, byPrompts)).auroc()),
          aboveChance: orNull(bootstrapP(drawn[0].map((value) => value - 0.5))),
          parent: above.join(', ') || null,
          parentAuroc: orNull(parentAuroc),
          parentAurocCi: drawn.length > 1 ? interval(drawn[1]) : [null, null],
          difference: orNull(auroc - parentAuroc),
          differenceCi: drawn.length > 1 ? interval(difference) : [null, null],
        },
      ];
    }),
  );
}
