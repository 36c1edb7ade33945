/** How the weights of a stack are fitted. */
export interface StackingOptions {
  /**
   * How strongly the weights are drawn to being equal: that of so many observations that speak for each model alike (the
   * parameter above 1 of a symmetric Dirichlet distribution). Default 10.
   */
  prior?: number;
}

/**
 * Weights of several models whose logits are added up: those that make the observed classes most probable, the weights
 * themselves being more probable the more alike they are. With few observations they stay near 1 / models; with many a model
 * that says nothing gets next to none.
 *
 * @param logits of each model, [observations].
 * @param targets [observations]: 1, 0; others (NaN) are left out.
 * @returns weights, each above 0, their sum 1.
 * @see Wolpert 1992, Stacked generalization, Neural Networks 5; Breiman 1996, Stacked regressions, Machine Learning 24.
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
    if (weights.some((weight) => weight <= 0)) return Infinity;
    let cost = 0;
    for (const { target, i } of known) {
      const z = mixed(weights, i);
      cost += Math.log1p(Math.exp(-Math.abs(z))) + Math.max(z, 0) - z * target;
    }
    return weights.reduce((sum, weight) => sum - prior * Math.log(weight), cost);
  };
  let weights = new Array<number>(models).fill(1 / models);
  let cost = costOf(weights);
  // Newton's steps along the plane of weights that sum to 1; the cost is convex.
  for (let step = 0; step < 100; step++) {
    const slope = weights.map((weight) => -prior / weight);
    const curvature = weights.map((weight, a) => weights.map((_, b) => (a === b ? prior / weight ** 2 : 0)));
    for (const { target, i } of known) {
      const p = 1 / (1 + Math.exp(-mixed(weights, i)));
      for (let a = 0; a < models; a++) {
        slope[a] += (p - target) * logits[a][i];
        for (let b = 0; b < models; b++) curvature[a][b] += p * (1 - p) * logits[a][i] * logits[b][i];
      }
    }
    const move = solve(
      [...curvature.map((row) => [...row, 1]), [...new Array<number>(models).fill(1), 0]],
      [...slope.map((value) => -value), 0],
    ).slice(0, models);
    const fall = -move.reduce((sum, value, model) => sum + value * slope[model], 0);
    if (fall < 1e-10) break;
    let length = 1;
    const at = (): number[] => weights.map((weight, model) => weight + length * move[model]);
    while (costOf(at()) > cost - 1e-4 * length * fall && length > 1e-10) length /= 2;
    const next = at();
    const lower = costOf(next);
    if (!(lower < cost)) break;
    [weights, cost] = [next, lower];
  }
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

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
