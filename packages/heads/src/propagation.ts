import { fitScaling, scaled, type FeatureScaling } from './feature-scaling.js';
import type { FittedHead, HeadOptions, HeadProblem, HeadType, StoredHead } from './head.js';
import { constantRemarks, firstNumbers } from './label-rows.js';
import { arrayOf, scalingArrays, storedScaling } from './linear-head.js';
import { dot, rowsOf, stacked, timesTransposed, type Matrix } from './matrix.js';
import { sharesOf, sharpnessGrid, unitScaling } from './neighbours.js';
import { meanLogLoss } from './out-of-fold-scores.js';
import { imagesOf, outOfFold } from './sub-problem.js';

/** A symmetric graph of k nearest neighbours, normalised: D^−½ W D^−½. */
export interface NeighbourGraph {
  /** Of node i: its edges are those from starts[i] to starts[i + 1]. */
  starts: Int32Array;
  ends: Int32Array;
  weights: Float64Array;
}

/**
 * Label propagation: labels spread over a graph of nearest neighbours of all images, those without labels as well,
 *
 *   F = (I − α S)⁻¹ Y,   S = D^−½ W D^−½,   W_ij = exp(β (cos_ij − 1)) for neighbours,
 *
 * once for "present" and once for "known". A new image takes the mean of its neighbours' F by the same kernel:
 * logit = ln (P + ε π) / (K − P + ε (1 − π)).
 *
 * @see Zhou et al. 2003, Learning with local and global consistency, NIPS 16; Iscen et al. 2019, arXiv:1904.04717.
 */
export function fitPropagation(problem: HeadProblem, options: HeadOptions): FittedHead {
  const { labels, features, archive, targets, views = 1 } = problem;
  const images = firstNumbers(imagesOf(problem));
  const first = rowsOf(
    features,
    images.map((image) => image * views),
  );
  const all = archive ? stacked(first, archive) : first;
  const scaling = fitScaling(all, options.scaling === 'auto' ? 'centred' : unitScaling(options.scaling));
  const rows = scaled(all, scaling);
  const cosines = timesTransposed(rows, rows);
  const count = Math.max(1, Math.min(options.neighbours || 50, rows.rows - 1));
  const own = Float64Array.from(targets);
  const prior = sharesOf(own, labels.length);
  const spreadOf = (sharpness: number, isKnown: (image: number) => boolean): Spread => {
    const graph = neighbourGraph(cosines, { count, sharpness });
    return spreadLabels(graph, own, { labels: labels.length, spread: options.spread, isKnown });
  };
  let tried: { sharpness: number; loss: number }[] | undefined;
  let folds = 0;
  if (options.sharpness === 'auto') {
    tried = [];
    for (const sharpness of sharpnessGrid) {
      problem.onProgress?.(0.1 + (0.8 * tried.length) / sharpnessGrid.length);
      const left = outOfFold(problem, { folds: options.folds, purpose: 'sharpness' }, (training, held) => {
        const known = new Set(training);
        const spread = spreadOf(sharpness, (image) => known.has(image));
        const toNodes = rowsOf(cosines, held);
        // An image is no neighbour of itself.
        held.forEach((image, i) => (toNodes.data[i * toNodes.columns + image] = -Infinity));
        return nodeLogits(toNodes, { ...spread, prior, count, sharpness });
      });
      if (!left) break;
      folds = left.folds;
      tried.push({ sharpness, loss: meanLogLoss(own, left.scores, labels.length) });
    }
  }
  const sharpness = tried?.length
    ? tried.reduce((best, one) => (one.loss < best.loss ? one : best)).sharpness
    : options.sharpness === 'auto'
      ? 10
      : options.sharpness;
  return propagationHead({
    labels,
    scaling,
    nodes: { rows, ...spreadOf(sharpness, () => true), prior, count, sharpness },
    settings: { ...(tried?.length && { tried }) },
    remarks: [
      `sharpness ${sharpness}${folds > 0 ? ` chosen by ${folds}-fold cross-validation by patient` : ''}; a graph of ${rows.rows} images, ${images.length} of them with labels, each with ${count} neighbours; its features are kept with the model`,
      ...constantRemarks(
        labels,
        Array.from(prior, (share) => share === 0 || share === 1),
      ),
    ],
  });
}

export const propagation: HeadType = {
  reads: ['neighbours', 'sharpness', 'spread', 'folds', 'scaling'],
  usesArchive: true,
  fit: fitPropagation,
  restore: ({ labels, arrays, settings }: StoredHead) => {
    const { shape, data } = arrays.get('features') ?? { shape: [0, 0], data: new Float64Array() };
    return propagationHead({
      labels,
      scaling: storedScaling(arrays, settings),
      nodes: {
        rows: { rows: shape[0], columns: shape[1], data: Float64Array.from(data) },
        present: arrayOf(arrays, 'present', [shape[0], labels.length]),
        known: arrayOf(arrays, 'known', [shape[0], labels.length]),
        prior: arrayOf(arrays, 'prior', [labels.length]),
        count: Number(settings.neighbours),
        sharpness: Number(settings.sharpness),
      },
      settings,
      remarks: [],
    });
  },
};

/** What has come to each node, [nodes, labels] row by row. */
interface Spread {
  present: Float64Array;
  known: Float64Array;
}

interface Nodes extends Spread {
  prior: Float64Array;
  count: number;
  sharpness: number;
}

function propagationHead({
  labels,
  scaling,
  nodes,
  settings,
  remarks,
}: {
  labels: readonly string[];
  scaling: FeatureScaling;
  nodes: Nodes & { rows: Matrix };
  settings: StoredHead['settings'];
  remarks: readonly string[];
}): FittedHead {
  const { rows, present, known, prior, count, sharpness } = nodes;
  const shape = [rows.rows, labels.length];
  return {
    kind: 'propagation',
    labels,
    settings: { ...settings, isUnit: scaling.isUnit, neighbours: count, sharpness },
    remarks,
    arrays: new Map([
      ...scalingArrays(scaling),
      ['features', { shape: [rows.rows, rows.columns], data: rows.data }],
      ['present', { shape, data: present }],
      ['known', { shape, data: known }],
      ['prior', { shape: [labels.length], data: prior }],
    ]),
    scores: ({ pooled }) => nodeLogits(timesTransposed(scaled(pooled, scaling), rows), nodes),
  };
}

/** Edges between each node and its `count` nearest others, in both directions. */
export function neighbourGraph(
  { rows: n, data }: Matrix,
  { count, sharpness }: { count: number; sharpness: number },
): NeighbourGraph {
  const edges = Array.from({ length: n }, () => new Map<number, number>());
  for (let i = 0; i < n; i++) {
    const own = data.subarray(i * n, (i + 1) * n);
    const others = Array.from(own.keys()).filter((j) => j !== i);
    others.sort((a, b) => own[b] - own[a] || a - b);
    for (const j of others.slice(0, count)) {
      const weight = Math.exp(sharpness * (own[j] - 1));
      edges[i].set(j, weight);
      edges[j].set(i, weight);
    }
  }
  const degree = edges.map((own) => [...own.values()].reduce((sum, weight) => sum + weight, 0));
  const starts = new Int32Array(n + 1);
  edges.forEach((own, i) => (starts[i + 1] = starts[i] + own.size));
  const ends = new Int32Array(starts[n]);
  const weights = new Float64Array(starts[n]);
  edges.forEach((own, i) => {
    [...own]
      .sort(([a], [b]) => a - b)
      .forEach(([j, weight], at) => {
        ends[starts[i] + at] = j;
        weights[starts[i] + at] = weight / Math.sqrt(degree[i] * degree[j] || 1);
      });
  });
  return { starts, ends, weights };
}

/** Solves (I − α S) F = Y for each label by conjugate gradients, to a residual of 10⁻¹⁰ of the right side. */
function spreadLabels(
  graph: NeighbourGraph,
  targets: Float64Array,
  { labels, spread, isKnown }: { labels: number; spread: number; isKnown: (image: number) => boolean },
): Spread {
  const nodes = graph.starts.length - 1;
  const present = new Float64Array(nodes * labels);
  const known = new Float64Array(nodes * labels);
  for (let label = 0; label < labels; label++) {
    const up = new Float64Array(nodes);
    const all = new Float64Array(nodes);
    for (let image = 0; image * labels < targets.length; image++) {
      const target = targets[image * labels + label];
      if (Number.isNaN(target) || !isKnown(image)) continue;
      up[image] = target;
      all[image] = 1;
    }
    solveSpread(graph, up, spread).forEach((value, i) => (present[i * labels + label] = value));
    solveSpread(graph, all, spread).forEach((value, i) => (known[i * labels + label] = value));
  }
  return { present, known };
}

/** (I − α S)⁻¹ y. */
export function solveSpread({ starts, ends, weights }: NeighbourGraph, y: Float64Array, alpha: number): Float64Array {
  const apply = (x: Float64Array): Float64Array =>
    x.map((value, i) => {
      let sum = 0;
      for (let at = starts[i]; at < starts[i + 1]; at++) sum += weights[at] * x[ends[at]];
      return value - alpha * sum;
    });
  const x = new Float64Array(y.length);
  const r = y.slice();
  let p = y.slice();
  let square = dot(r, r);
  const enough = 1e-20 * square;
  for (let i = 0; i < 10 * y.length && square > enough; i++) {
    const ap = apply(p);
    const step = square / dot(p, ap);
    for (let k = 0; k < x.length; k++) {
      x[k] += step * p[k];
      r[k] -= step * ap[k];
    }
    const next = dot(r, r);
    const ratio = next / square;
    square = next;
    p = p.map((value, k) => r[k] + ratio * value);
  }
  return x;
}

/** The share of the mean of "known" that the prior counts. */
const priorShare = 0.1;

/** Logits of images from their cosines to the nodes. */
function nodeLogits(cosines: Matrix, { present, known, prior, count, sharpness }: Nodes): Float64Array {
  const n = prior.length;
  const { columns } = cosines;
  const out = new Float64Array(cosines.rows * n);
  const mass = known.reduce((sum, value) => sum + value, 0) / Math.max(1, known.length);
  for (let image = 0; image < cosines.rows; image++) {
    const own = cosines.data.subarray(image * columns, (image + 1) * columns);
    const least = count < columns ? Float64Array.from(own).sort()[columns - count] : -Infinity;
    const near = Array.from(own.keys()).filter((i) => own[i] >= least && own[i] > -Infinity);
    const most = near.reduce((top, i) => Math.max(top, own[i]), -Infinity);
    const kernel = near.map((i) => Math.exp(sharpness * (own[i] - most)));
    const total = kernel.reduce((sum, value) => sum + value, 0);
    for (let label = 0; label < n; label++) {
      let up = 0;
      let all = 0;
      near.forEach((node, i) => {
        up += (kernel[i] / total) * present[node * n + label];
        all += (kernel[i] / total) * known[node * n + label];
      });
      const share = Math.min(1 - 1e-3, Math.max(1e-3, prior[label]));
      const ofPrior = priorShare * (mass || 1);
      out[image * n + label] = Math.log((up + ofPrior * share) / (Math.max(0, all - up) + ofPrior * (1 - share)));
    }
  }
  return out;
}
