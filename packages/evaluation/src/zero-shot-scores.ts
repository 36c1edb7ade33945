import type { LabelGraph } from '@cxr-align/label-graph';
import { bootstrapModels, bootstrapP, clusterRows, RankedScores, type Clusters } from '@cxr-align/metrics';
import type { ZeroShotScores } from './evaluation-schema.js';
import { interval } from './label-scores.js';
import { orNull } from './maybe-number.js';
import { type Predictions, columnOf, rankedValues } from './predictions.js';

/**
 * Probabilities [samples, labels] with those of untrained labels put in their place: that of the label above times what the
 * prompts say, P(child) = P(parent) · P(child | parent). Where several are above, the most probable counts; where none is
 * trained, the prompts alone.
 *
 * @param graph of all labels, the trained ones first.
 */
export function placeInGraph(probabilities: Float64Array, graph: LabelGraph, trained: number): Float64Array {
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
export function trainedParents(graph: LabelGraph, label: string, isTrained: (name: string) => boolean): string[] {
  return graph.parents(label).filter((name) => graph.labels.includes(name) && isTrained(name));
}

/**
 * How well zero-shot labels are predicted: against chance, and against the score of their parent.
 *
 * @param byPrompts probabilities by the prompts alone, [samples, labels] like the predictions.
 * @param options the zero-shot `labels`, as the predictions name them, and the `graph` of the predictions.
 */
export function scoreZeroShot(
  predictions: Predictions,
  byPrompts: Float64Array,
  { labels, graph, resamples }: { labels: readonly string[]; graph: LabelGraph; resamples: number },
): ZeroShotScores {
  const { labels: columns, samples, targets } = predictions;
  const clusters = clusterRows(samples.map(({ patient }) => patient));
  const of = (label: string, values: ArrayLike<number> = rankedValues(predictions)): Float64Array =>
    columnOf(values, columns.length, columns.indexOf(label));
  const scores = labels.map((label): ZeroShotScores[string] => {
    const truth = of(label, targets);
    const own = new RankedScores(truth, of(label));
    const above = trainedParents(graph, label, (name) => columns.includes(name) && !labels.includes(name));
    const parent = above.length > 0 ? new RankedScores(truth, largest(above.map((name) => of(name)))) : undefined;
    return {
      ...againstParent(own, parent, clusters, resamples),
      promptAuroc: orNull(new RankedScores(truth, of(label, byPrompts)).auroc()),
      parent: above.join(', ') || null,
    };
  });
  return Object.fromEntries(labels.map((label, i) => [label, scores[i]]));
}

/** The largest of several columns, row by row. */
function largest(columns: readonly Float64Array[]): Float64Array {
  return columns[0].map((_, row) => Math.max(...columns.map((column) => column[row])));
}

/** AUROC of a label, of its parent's score for it, and their difference, with intervals by patient. */
function againstParent(
  own: RankedScores,
  parent: RankedScores | undefined,
  clusters: Clusters,
  resamples: number,
): Omit<ZeroShotScores[string], 'promptAuroc' | 'parent'> {
  const models = [[own], ...(parent ? [[parent]] : [])];
  const [inOwn, inParent] = bootstrapModels(models, clusters, { resamples }).map(({ auroc }) => auroc.byLabel[0]);
  const overChance = inOwn.map((value) => value - 0.5);
  const [auroc, parentAuroc] = [own.auroc(), parent?.auroc() ?? NaN];
  return {
    auroc: orNull(auroc),
    aurocCi: interval(inOwn),
    aboveChance: orNull(bootstrapP(overChance, own)),
    parentAuroc: orNull(parentAuroc),
    parentAurocCi: interval(inParent),
    difference: orNull(auroc - parentAuroc),
    differenceCi: interval(inParent?.map((value, resample) => inOwn[resample] - value)),
  };
}
