import { checkRows } from './check-rows.js';
import { indexOf } from './graph-index.js';
import type { LabelGraph } from './label-graph.js';
import { fillMatrix, type LabelMatrix, type NodeCounts } from './matrices.js';

/** In how many rows two labels are both present; the diagonal has the positives of each label. */
export interface Cooccurrence extends LabelMatrix {
  rows: number;
}

/**
 * Counts how often labels are present together.
 *
 * @param annotations [rows, labels] row by row; 1 is present, everything else (0, −1, NaN) is not.
 * @throws {RangeError} if they do not fill rows.
 */
export function countCooccurrence(annotations: ArrayLike<number>, labels: readonly string[]): Cooccurrence {
  checkRows('label-graph/countCooccurrence', 'annotations', annotations, labels);
  const n = labels.length;
  const counts = new Float64Array(n * n);
  const present = new Int32Array(n);
  for (let start = 0; start < annotations.length; start += n) {
    let found = 0;
    for (let i = 0; i < n; i++) if (annotations[start + i] === 1) present[found++] = i;
    for (let a = 0; a < found; a++) {
      const row = present[a] * n;
      for (let b = 0; b < found; b++) counts[row + present[b]]++;
    }
  }
  return { labels, values: Float32Array.from(counts), rows: n === 0 ? 0 : annotations.length / n };
}

/**
 * In how many rows each label or group is present, where a row with anything below it counts too: the counts behind
 * {@link lin}.
 *
 * @param annotations [rows, labels] row by row in the graph's label order; 1 is present, everything else is not.
 * @throws {RangeError} if they do not fill rows.
 */
export function countNodes(annotations: ArrayLike<number>, graph: LabelGraph): NodeCounts {
  checkRows('label-graph/countNodes', 'annotations', annotations, graph.labels);
  const { names, labels, implied } = indexOf(graph);
  const n = labels.length;
  const counts = new Float64Array(names.length);
  const lastRow = new Int32Array(names.length).fill(-1);
  const rows = n === 0 ? 0 : annotations.length / n;
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < n; i++) {
      if (annotations[row * n + i] !== 1) continue;
      for (const node of implied[labels[i]]) {
        if (lastRow[node] === row) continue;
        lastRow[node] = row;
        counts[node]++;
      }
    }
  }
  return { rows, positives: new Map(names.map((name, i) => [name, counts[i]])) };
}

/** P(column label | row label); NaN in the row of a label that is never present. */
export function conditionalProbabilities({ labels, values }: Cooccurrence): LabelMatrix {
  const n = labels.length;
  return fillMatrix(labels, (i, j) => values[i * n + j] / values[i * n + i]);
}

/** The correlation of two labels as 0/1 variables, in [−1, 1]; NaN where one is present never or always. */
export function phiCoefficients({ labels, values, rows }: Cooccurrence): LabelMatrix {
  const n = labels.length;
  return fillMatrix(labels, (i, j) => {
    const [a, b] = [values[i * n + i], values[j * n + j]];
    const spread = Math.sqrt(a * (rows - a)) * Math.sqrt(b * (rows - b));
    return spread === 0 ? NaN : (values[i * n + j] * rows - a * b) / spread;
  });
}

/**
 * Pointwise mutual information ln(P(i, j) / (P(i) P(j))): above 0 where labels come together more often than by chance;
 * −Infinity where they never do, NaN where one is never present.
 */
export function pointwiseMutualInformation({ labels, values, rows }: Cooccurrence): LabelMatrix {
  const n = labels.length;
  return fillMatrix(labels, (i, j) => Math.log((values[i * n + j] * rows) / (values[i * n + i] * values[j * n + j])));
}

/** Rows with both labels over rows with at least one, in [0, 1]; NaN where neither is ever present. */
export function jaccardIndices({ labels, values }: Cooccurrence): LabelMatrix {
  const n = labels.length;
  return fillMatrix(labels, (i, j) => {
    const both = values[i * n + j];
    return both / (values[i * n + i] + values[j * n + j] - both);
  });
}
