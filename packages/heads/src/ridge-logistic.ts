import { derivativesOf, logitsOf, lossOf, weightedRows, type BinaryProblem } from './binary-problem.js';
import { dot, type Matrix } from './matrix.js';
import { solveShifted, type Tridiagonal } from './tridiagonal.js';

/** A linear score of the coordinates. */
export interface LinearScore {
  /** [rank]. */
  weights: Float64Array;
  bias: number;
}

/** How far a fit goes. */
export interface NewtonOptions {
  /** λ in loss / images + λ/2 · ‖w‖². */
  penalty: number;
  /** Where it begins; 0 unless given. */
  start?: LinearScore;
  /** The norm of the gradient at which it ends. Default 1e-10. */
  tolerance?: number;
}

/**
 * Minimises  Σ_i loss_i / Σ_i weight_i + λ/2 ‖w‖²  over weights and bias, the bias without a penalty: Newton steps, each solved by
 * conjugate gradients that are preconditioned with the (tridiagonal) Gram matrix at the mean curvature, and shortened until the
 * objective falls. It is strictly convex in the weights: the result is the optimum.
 *
 * @param coordinates [rows, rank].
 * @param gram coordinatesᵀ · coordinates of all rows.
 * @see Lin, Weng and Keerthi 2008, Trust region Newton method for large-scale logistic regression, JMLR 9.
 */
export function fitRidgeLogistic(
  { coordinates, gram }: { coordinates: Matrix; gram: Tridiagonal },
  problem: BinaryProblem,
  { penalty, start, tolerance = 1e-10 }: NewtonOptions,
): LinearScore {
  const { rows, targets } = problem;
  const rank = coordinates.columns;
  const mass = targets.reduce((sum, t, i) => sum + problem.present[i] * t + problem.absent[i] * (1 - t), 0);
  const score: LinearScore = start
    ? { weights: start.weights.slice(), bias: start.bias }
    : { weights: new Float64Array(rank), bias: 0 };
  const costOf = (logits: Float64Array, weights: Float64Array): number =>
    lossOf(problem, logits) / mass + (penalty / 2) * dot(weights, weights);
  let logits = logitsOf(coordinates, problem, score);
  let cost = costOf(logits, score.weights);
  for (let step = 0; step < 100; step++) {
    const { slopes, curvatures } = derivativesOf(problem, logits);
    const gradient = weightedRows(coordinates, rows, slopes).map(
      (value, i) => value / mass + penalty * score.weights[i],
    );
    const slopeOfBias = sumOf(slopes) / mass;
    const norm = Math.hypot(Math.sqrt(dot(gradient, gradient)), slopeOfBias);
    if (!(norm > tolerance)) break;
    const move = newtonStep({ coordinates, gram, rows, curvatures, mass, penalty }, gradient, slopeOfBias, norm);
    const movedLogits = logitsOf(coordinates, { rows }, move);
    const decrease = -(dot(gradient, move.weights) + slopeOfBias * move.bias);
    let length = 1;
    let next = cost;
    let weights = score.weights;
    let moved = logits;
    for (; length > 1e-8; length /= 2) {
      weights = score.weights.map((value, i) => value + length * move.weights[i]);
      moved = logits.map((value, i) => value + length * movedLogits[i]);
      next = costOf(moved, weights);
      if (next <= cost - 1e-4 * length * decrease + 1e-14 * Math.abs(cost)) break;
    }
    if (length <= 1e-8) break;
    score.weights = weights;
    score.bias += length * move.bias;
    logits = moved;
    cost = next;
  }
  return score;
}

/** The Newton step, to a hundredth of the gradient or, near the optimum, more closely. */
function newtonStep(
  {
    coordinates,
    gram,
    rows,
    curvatures,
    mass,
    penalty,
  }: {
    coordinates: Matrix;
    gram: Tridiagonal;
    rows: Int32Array;
    curvatures: Float64Array;
    mass: number;
    penalty: number;
  },
  gradient: Float64Array,
  slopeOfBias: number,
  norm: number,
): LinearScore {
  const rank = gradient.length;
  const total = sumOf(curvatures);
  const ofBias = Math.max(total / mass, 1e-12);
  // Mean curvature of an image times how many of the rows are seen.
  const scale = total / mass / coordinates.rows;
  const precondition = (weights: Float64Array, bias: number): LinearScore => ({
    weights: solveShifted(gram, { scale, shift: penalty }, weights.slice()),
    bias: bias / ofBias,
  });
  const hessianTimes = ({ weights, bias }: LinearScore): LinearScore => {
    const along = logitsOf(coordinates, { rows }, { weights, bias });
    for (let i = 0; i < along.length; i++) along[i] *= curvatures[i] / mass;
    const product = weightedRows(coordinates, rows, along);
    for (let i = 0; i < rank; i++) product[i] += penalty * weights[i];
    return { weights: product, bias: sumOf(along) };
  };
  const x: LinearScore = { weights: new Float64Array(rank), bias: 0 };
  const r: LinearScore = { weights: gradient.map((value) => -value), bias: -slopeOfBias };
  let z = precondition(r.weights, r.bias);
  let p: LinearScore = { weights: z.weights.slice(), bias: z.bias };
  let rz = dot(r.weights, z.weights) + r.bias * z.bias;
  const enough = norm * Math.min(0.01, Math.max(norm, 1e-8));
  for (let i = 0; i < 200; i++) {
    const hp = hessianTimes(p);
    const curvature = dot(p.weights, hp.weights) + p.bias * hp.bias;
    if (!(curvature > 0)) break;
    const alpha = rz / curvature;
    for (let k = 0; k < rank; k++) {
      x.weights[k] += alpha * p.weights[k];
      r.weights[k] -= alpha * hp.weights[k];
    }
    x.bias += alpha * p.bias;
    r.bias -= alpha * hp.bias;
    if (Math.hypot(Math.sqrt(dot(r.weights, r.weights)), r.bias) <= enough) break;
    z = precondition(r.weights, r.bias);
    const next = dot(r.weights, z.weights) + r.bias * z.bias;
    const beta = next / rz;
    rz = next;
    p = { weights: p.weights.map((value, k) => z.weights[k] + beta * value), bias: z.bias + beta * p.bias };
  }
  return x;
}

function sumOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
