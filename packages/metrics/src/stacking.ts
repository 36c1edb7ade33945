/** How the weights of a stack are fitted. */
export interface StackingOptions {
  /**
   * How strongly the weights are drawn to being equal: that of so many observations that speak for each model alike (the
   * parameter above 1 of a symmetric Dirichlet distribution). Default 10.
   */
  prior?: number;
}

/**
 * Weights of several models whose logits are added up: those that make the observed classes most probable. The shares are
 * themselves the more probable the more alike they are: with few observations each stays near 1 / models, with many a model
 * that says nothing gets next to none. The sum of the weights is a temperature: below 1 where the models are surer than
 * they are right; its logarithm has a standard normal distribution beforehand.
 *
 * @param logits of each model, [observations].
 * @param targets [observations]: 1, 0; others (NaN) are left out.
 * @returns weights, each above 0.
 * @see Wolpert 1992, Stacked generalization, Neural Networks 5; Breiman 1996, Stacked regressions, Machine Learning 24;
 *   Guo et al. 2017, arXiv:1706.04599 (temperature).
 */
export function fitStacking(
  logits: readonly ArrayLike<number>[],
  targets: ArrayLike<number>,
  { prior = 10 }: StackingOptions = {},
): number[] {
  const models = logits.length;
  for (const one of logits) {
    if (one.length !== targets.length)
      throw new RangeError(
        `metrics/fitStacking: expected ${targets.length} logits of each model, got ${one.length}; give one for each target`,
      );
  }
  if (!(prior > 0))
    throw new RangeError(`metrics/fitStacking: expected a prior above 0, got ${prior}; without one weights may be 0`);
  const known = Array.from(targets, (target, i) => ({ target, i })).filter(
    ({ target }) => target === 0 || target === 1,
  );
  const mixed = (weights: readonly number[], i: number): number =>
    weights.reduce((sum, weight, model) => sum + weight * logits[model][i], 0);
  /** Minus the logarithm of the probability, but for a constant. */
  const costOf = (weights: readonly number[]): number => {
    const total = Math.log(sumOf(weights));
    let cost = total ** 2 / 2 + prior * models * total;
    for (const weight of weights) cost -= prior * Math.log(weight);
    for (const { target, i } of known) {
      const z = mixed(weights, i);
      cost += Math.log1p(Math.exp(-Math.abs(z))) + Math.max(z, 0) - z * target;
    }
    return cost;
  };
  let weights = new Array<number>(models).fill(1 / models);
  let cost = costOf(weights);
  // Gauss-Newton steps in the logarithms of the weights: the curvature that they see is never negative.
  for (let step = 0; step < 200; step++) {
    const sum = sumOf(weights);
    const shares = weights.map((weight) => weight / sum);
    const slope = shares.map((share) => prior * (models * share - 1) + Math.log(sum) * share);
    const curvature = shares.map((one, a) =>
      shares.map((other, b) => prior * models * ((a === b ? one : 0) - one * other) + one * other),
    );
    for (const { target, i } of known) {
      const p = 1 / (1 + Math.exp(-mixed(weights, i)));
      for (let a = 0; a < models; a++) {
        const said = weights[a] * logits[a][i];
        slope[a] += (p - target) * said;
        for (let b = 0; b < models; b++) curvature[a][b] += p * (1 - p) * said * weights[b] * logits[b][i];
      }
    }
    const move = solve(
      curvature,
      slope.map((value) => -value),
    );
    const fall = -sumOf(move.map((value, model) => value * slope[model]));
    if (!(fall > 1e-12)) break;
    let length = 1;
    const at = (): number[] => weights.map((weight, model) => weight * Math.exp(length * move[model]));
    while (!(costOf(at()) <= cost - 1e-4 * length * fall) && length > 1e-10) length /= 2;
    const next = at();
    const lower = costOf(next);
    if (!(lower < cost)) break;
    [weights, cost] = [next, lower];
  }
  return weights;
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

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
