import { checkRows } from './check-rows.js';
import type { LabelGraph } from './label-graph.js';

/** Targets that follow the hierarchy. */
export interface PropagatedTargets {
  /** The values, row by row: 1 present, 0 absent, −1 uncertain, NaN not mentioned. */
  values: Float32Array;
  /** How many entries changed. */
  changed: number;
  /** Rows (from 0) in which a label is present and one of its ancestors absent; the ancestor becomes present. */
  conflicts: { row: number; present: string; absent: string }[];
}

/**
 * Makes targets consistent with the hierarchy: a present label makes its ancestors present; then an absent label makes its
 * descendants absent where they are uncertain or not mentioned.
 *
 * @param targets [rows, labels] row by row, in the graph's label order: 1 present, 0 absent, −1 uncertain, NaN unknown.
 * @throws {RangeError} if they do not fill rows.
 */
export function propagateToAncestors(targets: ArrayLike<number>, graph: LabelGraph): PropagatedTargets {
  checkRows('label-graph/propagateToAncestors', 'targets', targets, graph.labels);
  const { labels } = graph;
  const values = Float32Array.from(targets);
  const above = columns(graph, (label) => graph.ancestors(label));
  const below = columns(graph, (label) => graph.descendants(label));
  const conflicts: PropagatedTargets['conflicts'] = [];
  for (let start = 0; start < values.length; start += labels.length) {
    for (let i = 0; i < labels.length; i++) {
      if (targets[start + i] !== 1) continue;
      for (const ancestor of above[i]) {
        if (targets[start + ancestor] === 0) {
          conflicts.push({ row: start / labels.length, present: labels[i], absent: labels[ancestor] });
        }
        values[start + ancestor] = 1;
      }
    }
    for (let i = 0; i < labels.length; i++) {
      if (values[start + i] !== 0) continue;
      for (const descendant of below[i]) if (values[start + descendant] !== 1) values[start + descendant] = 0;
    }
  }
  const changed = values.reduce((sum, value, i) => sum + (Object.is(value, Math.fround(targets[i])) ? 0 : 1), 0);
  return { values, changed, conflicts };
}

/**
 * Probabilities that follow the hierarchy: a label's is the largest of its own and those of all labels below it (NaN if any
 * of these is). Scores on any scale that rises with the probability (such as log-odds) give the same.
 *
 * @param probabilities [rows, labels] row by row, in the graph's label order.
 * @throws {RangeError} if they do not fill rows.
 */
export function enforceHierarchy(probabilities: ArrayLike<number>, graph: LabelGraph): Float64Array {
  checkRows('label-graph/enforceHierarchy', 'probabilities', probabilities, graph.labels);
  const { labels } = graph;
  const below = columns(graph, (label) => graph.descendants(label));
  return Float64Array.from(probabilities, (probability, at) => {
    const i = at % labels.length;
    return below[i].reduce((largest, j) => Math.max(largest, probabilities[at - i + j]), probability);
  });
}

/**
 * The share of (row, edge) pairs in which a child is more probable than its parent; NaN for a graph without edges
 * between labels.
 *
 * @param tolerance excess that still counts as equal. Default 1e-6.
 * @throws {RangeError} if the probabilities do not fill rows.
 */
export function violationRate(probabilities: ArrayLike<number>, graph: LabelGraph, tolerance = 1e-6): number {
  checkRows('label-graph/violationRate', 'probabilities', probabilities, graph.labels);
  const { labels } = graph;
  const column = columnsByLabel(graph);
  const edges = graph.labelEdges().map(({ parent, child }) => [column.get(parent)!, column.get(child)!]);
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

function columnsByLabel({ labels }: LabelGraph): Map<string, number> {
  return new Map(labels.map((label, i) => [label, i]));
}

/** For each label the columns of the labels that it leads to; groups have none. */
function columns(graph: LabelGraph, next: (label: string) => string[]): number[][] {
  const column = columnsByLabel(graph);
  return graph.labels.map((label) => next(label).flatMap((name) => column.get(name) ?? []));
}
