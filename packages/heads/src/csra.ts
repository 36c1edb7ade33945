import { derivativesOf, lossOf } from './binary-problem.js';
import { fitScaling } from './feature-scaling.js';
import type { FeatureMaps, FittedHead, HeadFeatures, HeadOptions, HeadProblem, HeadType, StoredHead } from './head.js';
import {
  constantLogit,
  constantRemarks,
  firstNumbers,
  hasBothClasses,
  labelRows,
  type LabelRows,
} from './label-rows.js';
import { lbfgs, type Objective } from './lbfgs.js';
import { arrayOf } from './linear-head.js';
import { fitLogistic } from './logistic.js';
import { dot, rowsOf } from './matrix.js';
import { imagesOf } from './sub-problem.js';

/** Weights of raw features [dim] and a bias: standardisation is taken into them. */
interface PatchScore {
  weights: Float64Array;
  bias: number;
  attention: number;
  temperature: number;
}

/**
 * Class-wise attention pooling over the feature map: with s_p = w·x_p of each patch (features standardised),
 *
 *   logit = mean_p s_p + b + a Σ_p softmax_p(T s_p) s_p
 *
 * The loss is convex in w only where a = 0: that problem (`logistic`) is solved to its optimum first, which is the start, and
 * chooses the penalty; from there L-BFGS goes to a stationary point of the whole, which need not be the global minimum.
 *
 * @throws {RangeError} if the problem has no feature maps.
 * @see Zhu and Wu 2021, Residual attention, arXiv:2108.02456.
 */
export function fitCsra(problem: HeadProblem, options: HeadOptions): FittedHead {
  const { labels, maps, features, views = 1, onProgress } = problem;
  if (!maps)
    throw new RangeError(
      'heads/csra: expected feature maps of the images, got pooled features alone; extract them with the map',
    );
  const { attention, temperature } = options;
  const images = firstNumbers(imagesOf(problem));
  const pooled = rowsOf(
    features,
    images.map((image) => image * views),
  );
  const scaling = fitScaling(pooled, 'standardized');
  const start = fitLogistic(
    { ...problem, features: pooled, views: 1, onProgress: (share) => onProgress?.(share / 2) },
    { ...options, scaling: 'standardized', prior: 'zero' },
  );
  const penalty = start.settings.penalty as number;
  const { dim } = maps;
  const weights = new Float64Array(labels.length * dim);
  const bias = new Float64Array(labels.length);
  const isConstant: boolean[] = [];
  labels.forEach((_, label) => {
    onProgress?.(0.5 + (0.5 * label) / labels.length);
    const own = labelRows({ ...problem, views: 1 }, label, { balance: options.balance, images });
    isConstant.push(!hasBothClasses(own));
    if (isConstant[label]) {
      bias[label] = constantLogit(own);
      return;
    }
    const begin = new Float64Array(dim + 1);
    begin.set(start.linear!.weights.subarray(label * dim, (label + 1) * dim));
    begin[dim] = start.linear!.bias[label];
    const objective = csraObjective(maps, own, { scaling, penalty, attention, temperature });
    const found = lbfgs(objective, begin, { tolerance: 1e-7, steps: 60 });
    for (let i = 0; i < dim; i++) {
      weights[label * dim + i] = found[i] / scaling.divisor[i];
      bias[label] -= (1 + attention) * ((found[i] * scaling.offset[i]) / scaling.divisor[i]);
    }
    bias[label] += found[dim];
  });
  return csraHead(
    labels,
    { dim, weights, bias, attention, temperature },
    {
      settings: { penalty },
      remarks: [
        ...start.remarks.filter((line) => line.startsWith('penalty')),
        `attention ${attention} and temperature ${temperature}: from the optimum without attention to a stationary point, which need not be the global minimum`,
        ...constantRemarks(labels, isConstant),
      ],
    },
  );
}

export const csra: HeadType = {
  reads: ['penalty', 'balance', 'folds', 'attention', 'temperature'],
  usesMaps: true,
  fit: fitCsra,
  restore: ({ labels, arrays, settings }: StoredHead) => {
    const dim = arrays.get('weights')?.shape[1] ?? 0;
    return csraHead(
      labels,
      {
        dim,
        weights: arrayOf(arrays, 'weights', [labels.length, dim]),
        bias: arrayOf(arrays, 'bias', [labels.length]),
        attention: Number(settings.attention),
        temperature: Number(settings.temperature),
      },
      { settings, remarks: [] },
    );
  },
};

/** The objective over weights of standardised features and the bias [dim + 1], of the images of one label. */
export function csraObjective(
  maps: FeatureMaps,
  problem: LabelRows,
  {
    scaling: { offset, divisor },
    penalty,
    attention,
    temperature,
  }: {
    scaling: { offset: Float64Array; divisor: Float64Array };
    penalty: number;
    attention: number;
    temperature: number;
  },
): Objective {
  const { patches, dim, data } = maps;
  const { rows, targets, present, absent } = problem;
  const mass = targets.reduce((sum, t, i) => sum + present[i] * t + absent[i] * (1 - t), 0);
  return (x) => {
    const raw = new Float64Array(dim);
    let constant = 0;
    for (let i = 0; i < dim; i++) {
      raw[i] = x[i] / divisor[i];
      constant -= raw[i] * offset[i];
    }
    const logits = new Float64Array(rows.length);
    // The derivative of each logit by the score of each patch.
    const shares = new Float64Array(rows.length * patches);
    for (let i = 0; i < rows.length; i++) {
      const scores = patchScores(data, raw, { first: rows[i] * patches, patches, dim });
      for (let p = 0; p < patches; p++) scores[p] += constant;
      const { logit, slopes } = pooledScore(scores, { attention, temperature });
      logits[i] = logit + x[dim];
      shares.set(slopes, i * patches);
    }
    const { slopes } = derivativesOf(problem, logits);
    const gradient = new Float64Array(dim + 1);
    let total = 0;
    let factors = 0;
    for (let i = 0; i < rows.length; i++) {
      const slope = slopes[i] / mass;
      total += slope;
      for (let p = 0; p < patches; p++) {
        const factor = slope * shares[i * patches + p];
        const at = (rows[i] * patches + p) * dim;
        factors += factor;
        for (let k = 0; k < dim; k++) gradient[k] += factor * data[at + k];
      }
    }
    let square = 0;
    for (let k = 0; k < dim; k++) {
      gradient[k] = (gradient[k] - factors * offset[k]) / divisor[k] + penalty * x[k];
      square += x[k] * x[k];
    }
    gradient[dim] = total;
    return { value: lossOf(problem, logits) / mass + (penalty / 2) * square, gradient };
  };
}

function patchScores(
  data: Float32Array,
  weights: Float64Array,
  { first, patches, dim }: { first: number; patches: number; dim: number },
): Float64Array {
  const out = new Float64Array(patches);
  for (let p = 0; p < patches; p++) {
    const at = (first + p) * dim;
    let even = 0;
    let odd = 0;
    let k = 0;
    for (; k + 1 < dim; k += 2) {
      even += weights[k] * data[at + k];
      odd += weights[k + 1] * data[at + k + 1];
    }
    if (k < dim) even += weights[k] * data[at + k];
    out[p] = even + odd;
  }
  return out;
}

/** mean s + a Σ softmax(T s) s, and its derivative by each score. */
function pooledScore(
  scores: Float64Array,
  { attention, temperature }: { attention: number; temperature: number },
): { logit: number; slopes: Float64Array } {
  const most = scores.reduce((top, score) => Math.max(top, score), -Infinity);
  const weights = scores.map((score) => Math.exp(temperature * (score - most)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const attended = dot(weights, scores) / total;
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  return {
    logit: mean + attention * attended,
    slopes: scores.map(
      (score, p) => 1 / scores.length + attention * (weights[p] / total) * (1 + temperature * (score - attended)),
    ),
  };
}

function csraHead(
  labels: readonly string[],
  { dim, weights, bias, attention, temperature }: Omit<PatchScore, 'bias'> & { dim: number; bias: Float64Array },
  { settings, remarks }: Pick<FittedHead, 'settings' | 'remarks'>,
): FittedHead {
  const n = labels.length;
  return {
    kind: 'csra',
    labels,
    settings: { ...settings, attention, temperature },
    remarks,
    arrays: new Map([
      ['weights', { shape: [n, dim], data: weights }],
      ['bias', { shape: [n], data: bias }],
    ]),
    scores: ({ pooled, maps }: HeadFeatures) => {
      const patches = maps?.patches ?? 1;
      const data = maps?.data ?? Float32Array.from(pooled.data);
      const out = new Float64Array(pooled.rows * n);
      for (let image = 0; image < pooled.rows; image++)
        for (let label = 0; label < n; label++) {
          const own = weights.subarray(label * dim, (label + 1) * dim);
          const scores = patchScores(data, own, { first: image * patches, patches, dim });
          out[image * n + label] = pooledScore(scores, { attention, temperature }).logit + bias[label];
        }
      return out;
    },
  };
}
