import type { LabelGraph } from './label-graph.js';

/** Target values as tables have them: 1 present, 0 absent, −1 uncertain, NaN not mentioned. */
export interface ClosureResult {
  /** The values after closure, row by row. */
  values: Float32Array;
  /** How many entries changed. */
  changed: number;
  /** Rows (from 0) in which a label is present and one of its ancestors absent; the ancestor becomes present. */
  conflicts: { row: number; present: string; absent: string }[];
}

/**
 * Closes targets under the hierarchy: a present label makes its ancestors present; then an absent label makes its
 * descendants absent where they are uncertain or not mentioned.
 *
 * @param values [rows, labels] row by row, in the graph's label order.
 */
export function closeTargets(values: ArrayLike<number>, graph: LabelGraph): ClosureResult {
  const { labels } = graph;
  const closed = Float32Array.from(values);
  const place = new Map(labels.map((label, i) => [label, i]));
  const indices = (names: string[]): number[] => names.flatMap((name) => place.get(name) ?? []);
  const above = labels.map((label) => indices(graph.ancestors(label)));
  const below = labels.map((label) => indices(graph.descendants(label)));
  const conflicts: ClosureResult['conflicts'] = [];
  for (let start = 0; start < closed.length; start += labels.length) {
    for (let i = 0; i < labels.length; i++) {
      if (values[start + i] !== 1) continue;
      for (const ancestor of above[i]) {
        if (values[start + ancestor] === 0) {
          conflicts.push({ row: start / labels.length, present: labels[i], absent: labels[ancestor] });
        }
        closed[start + ancestor] = 1;
      }
    }
    for (let i = 0; i < labels.length; i++) {
      if (closed[start + i] !== 0) continue;
      for (const descendant of below[i]) if (closed[start + descendant] !== 1) closed[start + descendant] = 0;
    }
  }
  const changed = closed.reduce((sum, value, i) => sum + (Object.is(value, Math.fround(values[i])) ? 0 : 1), 0);
  return { values: closed, changed, conflicts };
}

/**
 * Probabilities that follow the hierarchy: a label's is the largest of its own and those of all labels below it.
 *
 * @param probabilities [rows, labels] row by row, in the graph's label order.
 */
export function coherentProbabilities(probabilities: ArrayLike<number>, graph: LabelGraph): Float32Array {
  const { labels } = graph;
  const place = new Map(labels.map((label, i) => [label, i]));
  const below = labels.map((label) => graph.descendants(label).flatMap((name) => place.get(name) ?? []));
  return Float32Array.from(probabilities, (probability, at) => {
    const i = at % labels.length;
    return below[i].reduce((largest, j) => Math.max(largest, probabilities[at - i + j]), probability);
  });
}

/**
 * The share of (row, edge) pairs in which a child is more probable than its parent; NaN for a graph without edges
 * between labels.
 *
 * @param tolerance excess that still counts as equal. Default 1e-6.
 */
export function violationRate(probabilities: ArrayLike<number>, graph: LabelGraph, tolerance = 1e-6): number {
  const { labels } = graph;
  const edges = graph.labelEdges().map(({ parent, child }) => [labels.indexOf(parent), labels.indexOf(child)]);
  let pairs = 0;
  let violations = 0;
  for (let start = 0; start < probabilities.length; start += labels.length) {
    for (const [parent, child] of edges) {
      const excess = probabilities[start + child] - probabilities[start + parent];
      if (Number.isNaN(excess)) continue;
      pairs++;
      if (excess > tolerance) violations++;
    }
  }
  return pairs === 0 ? NaN : violations / pairs;
}
