import { flatten, type Computed, type GoldenCase } from './vector-file.js';

/** Numbers on the way to a loss that no public function gives; they show in the loss and its gradients. */
const insides = new Set(['caption_targets', 'image_targets', 'scaled_rows', 'scaled_target']);

/** What is off in what was computed for a case, at the tolerances that the case states; empty if nothing is. */
export function compare({ expected: given, tol }: GoldenCase, { loss, grads = {}, outputs = {} }: Computed): string[] {
  // A case with a single output has it without a name.
  const expected = Array.isArray(given) ? { expected: given as unknown } : given;
  const misses: string[] = [];
  const lossTolerance = tol?.float32_loss ?? 1e-6;
  if (expected.loss !== undefined && !(Math.abs(loss! - expected.loss) <= lossTolerance * Math.max(1, Math.abs(expected.loss)))) {
    misses.push(`loss: expected ${expected.loss}, got ${loss}`);
  }
  for (const [name, gradient] of Object.entries(expected.grads ?? {})) {
    misses.push(...compareArrays(`gradient of ${name}`, flatten(gradient), grads[name], tol?.float32_grad_rel_to_max ?? 2e-5));
  }
  for (const [name, value] of Object.entries(expected)) {
    if (name === 'loss' || name === 'grads' || insides.has(name)) continue;
    // Named numbers are compared one by one: a large one must not excuse a small one.
    const parts = isNamed(value) ? Object.entries(value).map(([part, inner]) => [`${name}.${part}`, inner] as const) : [[name, value] as const];
    for (const [place, inner] of parts) misses.push(...compareArrays(place, flatten(inner), outputs[place], tol ? 2e-5 : 1e-6));
  }
  return misses;
}

function isNamed(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function compareArrays(name: string, expected: number[], got: number[] | undefined, tolerance: number): string[] {
  if (got?.length !== expected.length) return [`${name}: expected ${expected.length} numbers, got ${got?.length}`];
  const largest = Math.max(...expected.map(Math.abs));
  const allowed = largest === 0 ? 1e-5 : tolerance * largest;
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - got[i])), 0);
  return worst <= allowed ? [] : [`${name}: off by ${worst}, allowed ${allowed}`];
}
