// The formulas of the losses in TensorFlow.js's own operations, whose gradients TensorFlow.js knows: entries before any
// reduction. What gradients written by hand are compared with.
import * as tf from '@tensorflow/tfjs-core';

const normalized = (x: tf.Tensor): tf.Tensor => tf.div(x, tf.sqrt(tf.add(tf.sum(tf.square(x), -1, true), 1e-12)));
const softplus = (z: tf.Tensor): tf.Tensor => tf.add(tf.relu(z), tf.log1p(tf.exp(tf.neg(tf.abs(z)))));
const others = (n: number): tf.Tensor => tf.sub(1, tf.eye(n));
const cosines = (x: tf.Tensor, y = x): tf.Tensor => tf.matMul(normalized(x), normalized(y), false, true);
const diagonalOf = (z: tf.Tensor): tf.Tensor => tf.sum(tf.mul(z, tf.eye(z.shape[z.rank - 1]!)), -1);
const crossEntropy = (z: tf.Tensor, t: tf.Tensor): tf.Tensor => tf.neg(tf.sum(tf.mul(tf.logSoftmax(z), t), -1));
const smoothedEye = (n: number, smoothing: number): tf.Tensor =>
  tf.add(tf.mul(tf.eye(n), 1 - smoothing), smoothing / n);
const swapped = (x: tf.Tensor): tf.Tensor => tf.transpose(x, x.rank === 3 ? [0, 2, 1] : [1, 0]);
/** A matrix as one of each sample. */
const ofEach = (x: tf.Tensor, batch: number): tf.Tensor => tf.tile(tf.expandDims(x, 0), [batch, 1, 1]);

export function binaryCrossEntropy(z: tf.Tensor, y: tf.Tensor, weight: tf.Tensor | number = 1): tf.Tensor {
  return tf.add(tf.mul(tf.mul(y, weight), softplus(tf.neg(z))), tf.mul(tf.sub(1, y), softplus(z)));
}

export function focal(z: tf.Tensor, y: tf.Tensor, alpha: number, gamma: number): tf.Tensor {
  const a = tf.mul(z, tf.sub(tf.mul(y, 2), 1));
  const weight = tf.add(tf.mul(y, 2 * alpha - 1), 1 - alpha);
  return tf.mul(tf.mul(weight, tf.exp(tf.mul(softplus(a), -gamma))), softplus(tf.neg(a)));
}

interface Asymmetry {
  gammaPositive: number;
  gammaNegative: number;
  clip: number;
  eps?: number;
}

export function asymmetric(
  z: tf.Tensor,
  y: tf.Tensor,
  { gammaPositive, gammaNegative, clip, eps = 1e-8 }: Asymmetry,
): tf.Tensor {
  const [p, u] = [tf.sigmoid(z), tf.sigmoid(tf.neg(z))];
  const m = clip === 0 ? p : tf.relu(tf.sub(p, clip));
  const logP = tf.maximum(tf.neg(softplus(tf.neg(z))), Math.log(eps));
  const logQ = clip === 0 ? tf.maximum(tf.neg(softplus(z)), Math.log(eps)) : tf.log(tf.maximum(tf.sub(1, m), eps));
  const positive = tf.mul(tf.mul(y, logP), power(u, gammaPositive));
  return tf.neg(tf.add(positive, tf.mul(tf.mul(tf.sub(1, y), logQ), power(m, gammaNegative))));
}

const power = (x: tf.Tensor, gamma: number): tf.Tensor =>
  gamma === 0 ? tf.onesLike(x) : tf.pow(gamma < 1 ? tf.maximum(x, 1e-6) : x, gamma);

export function robustAsymmetric(
  z: tf.Tensor,
  y: tf.Tensor,
  { gammaPositive, gammaNegative, clip, lambda, epsilon }: Asymmetry & { lambda: number; epsilon: number[] },
): tf.Tensor {
  const u = tf.sigmoid(tf.neg(z));
  const m = tf.relu(tf.sub(tf.sigmoid(z), clip));
  const polynomial = tf.add(tf.mul(u, epsilon[0]), tf.mul(tf.square(u), epsilon[1] / 2));
  const positive = tf.mul(tf.sub(polynomial, softplus(tf.neg(z))), power(u, gammaPositive));
  const damping = tf.mul(tf.mul(tf.sub(lambda, m), tf.square(m)), tf.add(m, lambda - 1));
  const logQ = tf.log(tf.maximum(tf.sub(1, m), 1e-8));
  const negative = tf.mul(tf.mul(logQ, power(m, gammaNegative)), damping);
  return tf.neg(tf.add(tf.mul(y, positive), tf.mul(tf.sub(1, y), negative)));
}

export function distributionBalanced(
  z: tf.Tensor,
  y: tf.Tensor,
  { counts, total, known }: { counts: number[]; total: number; known: tf.Tensor },
): tf.Tensor {
  const inverse = tf.tensor1d(counts.map((count) => 1 / count));
  const sum = tf.sum(tf.mul(tf.mul(y, known), inverse), -1, true);
  const share = tf.where(tf.greater(sum, 0), tf.div(inverse, tf.maximum(sum, 1e-12)), 1 / counts.length);
  const weight = tf.add(0.1, tf.sigmoid(tf.mul(tf.sub(share, 0.2), 10)));
  const v = tf.sub(z, tf.tensor1d(counts.map((count) => 0.05 * Math.log(total / count - 1))));
  const negative = tf.div(softplus(tf.mul(v, 2)), 2);
  return tf.mul(weight, tf.add(tf.mul(y, softplus(tf.neg(v))), tf.mul(tf.sub(1, y), negative)));
}

/** Over columns one by one: no gather, whose gradient not every backend has. */
export function maxConstraint(z: tf.Tensor, y: tf.Tensor, descendants: number[][]): tf.Tensor {
  const columns = (x: tf.Tensor): tf.Tensor[] => tf.split(x, descendants.length, 1);
  const highest = (x: tf.Tensor): tf.Tensor => {
    const all = columns(x);
    return tf.concat(
      descendants.map((below, i) => below.reduce((max, j) => tf.maximum(max, all[j]), all[i])),
      1,
    );
  };
  const present = softplus(tf.neg(highest(tf.sub(z, tf.mul(tf.sub(1, y), 1e4)))));
  return tf.add(tf.mul(y, present), tf.mul(tf.sub(1, y), softplus(highest(z))));
}

export function hierarchyViolation(z: tf.Tensor, edges: { parent: number; child: number }[]): tf.Tensor {
  const p = tf.split(tf.sigmoid(z), z.shape[1]!, 1);
  return tf.concat(
    edges.map(({ parent, child }) => tf.relu(tf.sub(p[child], p[parent]))),
    1,
  );
}

export function softLabels(z: tf.Tensor, agreement: tf.Tensor): tf.Tensor {
  return crossEntropy(z, tf.softmax(agreement));
}

/** Entries of both terms, which are reduced on their own. */
export function labelConditioned(
  x: tf.Tensor,
  y: tf.Tensor,
  {
    positive,
    negative,
    kappa,
    excluded,
  }: { positive: tf.Tensor; negative: tf.Tensor; kappa: number; excluded: tf.Tensor },
): { presence: tf.Tensor; discrimination: tf.Tensor } {
  const [batch, labels] = x.shape;
  const scores = tf.mul(cosines(x, ofEach(positive, batch)), kappa);
  const absent = tf.mul(cosines(x, ofEach(negative, batch)), kappa);
  const z = tf.sub(diagonalOf(scores), diagonalOf(absent));
  const open = tf.sub(scores, tf.mul(tf.mul(excluded, others(labels)), 1e4));
  return {
    presence: softplus(tf.mul(tf.sub(1, tf.mul(2, y)), z)),
    discrimination: crossEntropy(open, tf.eye(labels)),
  };
}

export function labelContrastive(x: tf.Tensor, prompts: tf.Tensor, kappa: number, isReference = false): tf.Tensor {
  const z = tf.mul(cosines(x, ofEach(prompts, x.shape[0])), kappa);
  const prepare = isReference ? normalized : (rows: tf.Tensor): tf.Tensor => rows;
  const own = tf.eye(x.shape[1]!);
  return tf.div(tf.add(crossEntropy(prepare(z), own), crossEntropy(prepare(swapped(z)), own)), 2);
}

export function imageText(x: tf.Tensor, texts: tf.Tensor, kappa: number, smoothing: number): tf.Tensor {
  const z = tf.mul(cosines(x, texts), kappa);
  const target = smoothedEye(x.shape[0], smoothing);
  return tf.div(tf.add(crossEntropy(z, target), crossEntropy(swapped(z), target)), 2);
}

export function sigmoidContrastive(x: tf.Tensor, texts: tf.Tensor, kappa: number, bias: number): tf.Tensor {
  const sign = tf.sub(tf.mul(tf.eye(x.shape[0]), 2), 1);
  return tf.sum(softplus(tf.neg(tf.mul(sign, tf.add(tf.mul(cosines(x, texts), kappa), bias)))), -1);
}

export function supervised(x: tf.Tensor, y: tf.Tensor, temperature: number): tf.Tensor {
  const [batch] = x.shape;
  const shared = tf.matMul(y, y, false, true);
  const counts = tf.sum(y, 1, true);
  const united = tf.sub(tf.add(counts, tf.transpose(counts)), shared);
  const overlap = tf.mul(tf.div(shared, tf.maximum(united, 1)), others(batch));
  const z = tf.sub(tf.div(cosines(x), temperature), tf.mul(tf.eye(batch), 1e4));
  return tf.div(crossEntropy(z, overlap), tf.maximum(tf.sum(overlap, 1), 1e-6));
}

export function orthogonal(x: tf.Tensor, target: tf.Tensor): tf.Tensor {
  const labels = x.shape[0];
  return tf.div(tf.sum(tf.square(tf.mul(tf.sub(cosines(x), target), others(labels))), -1), labels - 1);
}

/** |c| as c sign(c), whose derivative at 0 is 0; TensorFlow.js takes that of its abs as −1. */
export function absoluteCosine(x: tf.Tensor): tf.Tensor {
  const c = tf.mul(cosines(x), others(x.shape[x.rank - 2]!));
  return tf.div(tf.sum(tf.mul(c, tf.sign(c)), -1), 2);
}

export function identityCrossEntropy(x: tf.Tensor, kappa: number): tf.Tensor {
  return crossEntropy(tf.mul(cosines(x), kappa), tf.eye(x.shape[x.rank - 2]!));
}

export function vicregCovariance(x: tf.Tensor): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, 0, true));
  const covariance = tf.div(tf.matMul(centred, centred, true), x.shape[0] - 1);
  return tf.sum(tf.square(tf.mul(covariance, others(x.shape[1]!))), -1);
}

export function barlowTwins(x: tf.Tensor, second: tf.Tensor, offDiagonal: number): tf.Tensor {
  const standardised = (views: tf.Tensor): tf.Tensor => {
    const centred = tf.sub(views, tf.mean(views, 0, true));
    return tf.div(centred, tf.sqrt(tf.add(tf.mean(tf.square(centred), 0, true), 1e-6)));
  };
  const c = tf.div(tf.matMul(standardised(x), standardised(second), true), x.shape[0]);
  const agreement = tf.mul(tf.eye(x.shape[1]!), tf.square(tf.sub(1, c)));
  return tf.sum(tf.add(agreement, tf.mul(tf.mul(others(x.shape[1]!), tf.square(c)), offDiagonal)), -1);
}

export function graphAlignment(x: tf.Tensor, target: tf.Tensor, form: 'correlation' | 'kernel'): tf.Tensor {
  const labels = x.shape[1]!;
  const upper = tf.linalg.bandPart(others(labels), 0, -1);
  const centre = {
    correlation: (m: tf.Tensor): tf.Tensor => {
      const mean = tf.div(tf.sum(tf.mul(m, upper), [-2, -1], true), (labels * (labels - 1)) / 2);
      return tf.mul(tf.sub(m, mean), upper);
    },
    kernel: (m: tf.Tensor): tf.Tensor => {
      const rows = tf.sub(m, tf.mean(m, -1, true));
      return tf.sub(rows, tf.mean(rows, -2, true));
    },
  }[form];
  const [a, b] = [centre(cosines(x)), centre(target)];
  const inner = (one: tf.Tensor, other: tf.Tensor): tf.Tensor => tf.sum(tf.mul(one, other), [-2, -1]);
  return tf.sub(1, tf.div(inner(a, b), tf.sqrt(tf.add(tf.mul(inner(a, a), inner(b, b)), 1e-12))));
}

export function gramMatrix(x: tf.Tensor, target: tf.Tensor): tf.Tensor {
  const labels = x.shape[1]!;
  const difference = tf.mul(tf.sub(cosines(x), target), others(labels));
  return tf.div(tf.sum(tf.square(difference), [-2, -1]), labels * (labels - 1));
}

export function neighbourDivergence(x: tf.Tensor, target: tf.Tensor, temperature: number): tf.Tensor {
  const labels = x.shape[1]!;
  const own = tf.mul(tf.eye(labels), -1e4);
  const logTarget = tf.logSoftmax(tf.add(tf.div(target, temperature), own));
  const logOwn = tf.logSoftmax(tf.add(tf.div(cosines(x), temperature), own));
  return tf.sum(tf.mul(tf.mul(tf.exp(logTarget), tf.sub(logTarget, logOwn)), others(labels)), -1);
}

export function classCrossEntropy(z: tf.Tensor, own: tf.Tensor, smoothing: number): tf.Tensor {
  const classes = own.shape[own.rank - 1]!;
  return crossEntropy(z, tf.add(tf.mul(own, 1 - smoothing), smoothing / classes));
}
