import { addScaled, dot } from './matrix.js';

/** A function with its gradient. */
export type Objective = (x: Float64Array) => { value: number; gradient: Float64Array };

/**
 * Minimises a smooth function by L-BFGS with ten pairs and a backtracking line search, to a gradient of this norm.
 *
 * @see Liu and Nocedal 1989, Mathematical Programming 45.
 */
export function lbfgs(
  objective: Objective,
  start: Float64Array,
  { tolerance = 1e-8, steps = 200 }: { tolerance?: number; steps?: number } = {},
): Float64Array {
  let x = start.slice();
  let { value, gradient } = objective(x);
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let step = 0; step < steps && Math.sqrt(dot(gradient, gradient)) > tolerance; step++) {
    const direction = directionOf(gradient, pairs);
    const slope = dot(gradient, direction);
    let length = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    let next = x;
    let found = { value, gradient };
    for (; length > 1e-12; length /= 2) {
      next = x.map((own, i) => own + length * direction[i]);
      found = objective(next);
      if (found.value <= value + 1e-4 * length * slope) break;
    }
    if (length <= 1e-12) break;
    const s = next.map((own, i) => own - x[i]);
    const y = found.gradient.map((own, i) => own - gradient[i]);
    const sy = dot(s, y);
    // Where the curvature is negative the pair would turn the direction uphill.
    if (sy > 1e-12 * dot(y, y)) pairs.push({ s, y, rho: 1 / sy });
    if (pairs.length > 10) pairs.shift();
    x = next;
    ({ value, gradient } = found);
  }
  return x;
}

function directionOf(
  gradient: Float64Array,
  pairs: readonly { s: Float64Array; y: Float64Array; rho: number }[],
): Float64Array {
  const q = gradient.map((own) => -own);
  const alphas = new Float64Array(pairs.length);
  for (let i = pairs.length - 1; i >= 0; i--) {
    const { s, y, rho } = pairs[i];
    alphas[i] = rho * dot(s, q);
    addScaled(-alphas[i], y, q);
  }
  const last = pairs.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let i = 0; i < q.length; i++) q[i] *= scale;
  }
  pairs.forEach(({ s, y, rho }, i) => addScaled(alphas[i] - rho * dot(y, q), s, q));
  return q;
}
