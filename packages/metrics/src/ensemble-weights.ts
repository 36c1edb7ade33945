import { checkBetween, checkOptions, checkRows, checkTargets } from './check-input.js';

/** How the weights of an ensemble are fitted. */
export interface EnsembleOptions {
  /**
   * How strongly the weights are drawn to being equal: the number of observations that favour every model alike (the
   * parameter above 1 of a symmetric Dirichlet distribution). Default 10.
   */
  prior?: number;
}

/**
 * Weights of the members of an ensemble whose logits are added up (stacking): those that make the observed classes most
 * probable. Equal shares are the more probable beforehand: with few observations each stays near 1 / members, with many a
 * member without information gets next to none. The sum of the weights is a temperature: below 1 where the members are
 * overconfident; its logarithm has a standard normal distribution beforehand.
 *
 *   argmax_w  Σ_i log σ(±Σ_m w_m z_mi) + prior · Σ_m log(w_m / Σ w) − (log Σ w)² / 2
 *
 * @param targets [observations]: 1, 0; NaN (unknown) is excluded.
 * @param logits of each member, [observations].
 * @returns weights, each above 0.
 * @throws {TypeError} for what is no list of numbers; {RangeError} for different lengths, other targets, or a prior of 0.
 * @see Wolpert 1992, Stacked generalization, Neural Networks 5; Breiman 1996, Stacked regressions, Machine Learning 24;
 *   Guo et al. 2017, arXiv:1706.04599 (temperature).
 */
export function fitEnsembleWeights(
  targets: ArrayLike<number>,
  logits: readonly ArrayLike<number>[],
  options: EnsembleOptions = {},
): number[] {
  const where = 'fitEnsembleWeights';
  checkOptions(where, options, ['prior']);
  const { prior = 10 } = options;
  checkBetween(where, 'prior', prior, { above: 0 });
  if (!Array.isArray(logits) || logits.length === 0)
    throw new TypeError(
      `metrics/${where}: expected a list of logits for each member, got none; pass [logitsOfA, logitsOfB]`,
    );
  logits.forEach((one, member) => checkRows(where, { targets, [`logits of member ${member}`]: one }));
  checkTargets(where, { targets });
  const objective = new EnsembleObjective(targets, logits, prior);
  let weights = logits.map(() => 1 / logits.length);
  let cost = objective.cost(weights);
  // Gauss-Newton steps in the logarithms of the weights: the curvature that they use is never negative.
  for (let step = 0; step < 200; step++) {
    const { gradient, curvature } = objective.derivatives(weights);
    const move = solve(
      curvature,
      gradient.map((value) => -value),
    );
    const decrease = -sumOf(move.map((value, member) => value * gradient[member]));
    if (!(decrease > 1e-12)) break;
    let length = 1;
    const moved = (): number[] => weights.map((weight, member) => weight * Math.exp(length * move[member]));
    while (!(objective.cost(moved()) <= cost - 1e-4 * length * decrease) && length > 1e-10) length /= 2;
    const next = moved();
    const lower = objective.cost(next);
    if (!(lower < cost)) break;
    [weights, cost] = [next, lower];
  }
  return weights;
}

/** Minus the logarithm of the posterior probability of weights, but for a constant. */
class EnsembleObjective {
  private readonly known: readonly { target: number; logits: number[] }[];

  constructor(
    targets: ArrayLike<number>,
    logits: readonly ArrayLike<number>[],
    private readonly prior: number,
  ) {
    this.known = Array.from(targets, (target, i) => ({ target, logits: logits.map((one) => one[i]) })).filter(
      ({ target }) => !Number.isNaN(target),
    );
  }

  cost(weights: readonly number[]): number {
    const total = Math.log(sumOf(weights));
    let cost = total ** 2 / 2 + this.prior * weights.length * total;
    for (const weight of weights) cost -= this.prior * Math.log(weight);
    for (const { target, logits } of this.known) {
      const z = dot(weights, logits);
      cost += Math.log1p(Math.exp(-Math.abs(z))) + Math.max(z, 0) - z * target;
    }
    return cost;
  }

  /** Gradient and curvature in the logarithms of the weights. */
  derivatives(weights: readonly number[]): { gradient: number[]; curvature: number[][] } {
    const { prior } = this;
    const members = weights.length;
    const sum = sumOf(weights);
    const shares = weights.map((weight) => weight / sum);
    const gradient = shares.map((share) => prior * (members * share - 1) + Math.log(sum) * share);
    const curvature = shares.map((one, a) =>
      shares.map((other, b) => prior * members * ((a === b ? one : 0) - one * other) + one * other),
    );
    for (const { target, logits } of this.known) {
      const p = 1 / (1 + Math.exp(-dot(weights, logits)));
      for (let a = 0; a < members; a++) {
        const weighted = weights[a] * logits[a];
        gradient[a] += (p - target) * weighted;
        for (let b = 0; b < members; b++) curvature[a][b] += p * (1 - p) * weighted * weights[b] * logits[b];
      }
    }
    return { gradient, curvature };
  }
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** Solves a small system of linear equations by elimination with pivots. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]]);
  for (let column = 0; column < rows.length; column++) {
    const pivot = rows.slice(column).reduce((best, row, i) => {
      return Math.abs(row[column]) > Math.abs(rows[best][column]) ? column + i : best;
    }, column);
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    for (let row = 0; row < rows.length; row++) {
      if (row === column) continue;
      const factor = rows[row][column] / rows[column][column];
      rows[row] = rows[row].map((value, i) => value - factor * rows[column][i]);
    }
  }
  return rows.map((row, i) => row[rows.length] / row[i]);
}
