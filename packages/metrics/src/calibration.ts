import {
  checkChoice,
  checkCount,
  checkNumbers,
  checkOptions,
  checkProbabilities,
  checkTargets,
} from './check-input.js';

/** Bins of a reliability curve: mean prediction and observed frequency. */
export interface ReliabilityCurve {
  /** Mean probability of each bin. */
  predicted: number[];
  /** Share of positives of each bin. */
  observed: number[];
  /** Rows of each bin; bins without rows are excluded. */
  counts: number[];
}

export interface ReliabilityOptions {
  /** Default 15. */
  bins?: number;
  /** `width`: bins of equal width, (k, k + 1] / bins; `mass`: bins of equal size over the sorted rows. Default `width`. */
  by?: 'width' | 'mass';
}

/**
 * The reliability curve: rows with a known target in bins of their probability.
 *
 * @see Niculescu-Mizil and Caruana 2005.
 */
export function reliabilityCurve(
  targets: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  options: ReliabilityOptions = {},
): ReliabilityCurve {
  checkTargets('reliabilityCurve', { targets, probabilities });
  checkProbabilities('reliabilityCurve', probabilities);
  checkOptions('reliabilityCurve', options, ['bins', 'by']);
  const { bins = 15, by = 'width' } = options;
  checkCount('reliabilityCurve', 'bins', bins);
  checkChoice('reliabilityCurve', 'by', by, ['width', 'mass']);
  const known = knownRows(targets, probabilities);
  if (by === 'mass') known.sort((a, b) => probabilities[a] - probabilities[b]);
  const sums = Array.from({ length: bins }, () => ({ predicted: 0, observed: 0, count: 0 }));
  known.forEach((row, rank) => {
    const bin =
      by === 'mass'
        ? Math.floor((rank * bins) / known.length)
        : Math.min(Math.max(Math.ceil(bins * probabilities[row]) - 1, 0), bins - 1);
    sums[bin].predicted += probabilities[row];
    sums[bin].observed += targets[row];
    sums[bin].count++;
  });
  const filled = sums.filter(({ count }) => count > 0);
  return {
    predicted: filled.map(({ predicted, count }) => predicted / count),
    observed: filled.map(({ observed, count }) => observed / count),
    counts: filled.map(({ count }) => count),
  };
}

/**
 * Adaptive calibration error: Σ_bins |Σ p − Σ y| / rows over bins of equal size, which rare labels need.
 *
 * @returns NaN if no target is known.
 * @see Nixon et al. 2019, arXiv:1904.01685.
 */
export function adaptiveCalibrationError(
  targets: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  bins = 15,
): number {
  const { predicted, observed, counts } = reliabilityCurve(targets, probabilities, { bins, by: 'mass' });
  const rows = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count, i) => sum + count * Math.abs(predicted[i] - observed[i]), 0) / rows;
}

/** How logits become calibrated probabilities: plain data, to be stored with a run. */
export type Calibration =
  | { kind: 'none' }
  /** σ(z / temperature). */
  | { kind: 'temperature'; temperature: number }
  /** σ(slope · z + intercept). */
  | { kind: 'platt'; slope: number; intercept: number }
  /** A rising step function of z, linear between its corners. */
  | { kind: 'isotonic'; logits: number[]; probabilities: number[] };

/** The names of the calibrations that can be fitted. */
export const calibrationKinds = ['temperature', 'platt', 'isotonic'] as const;

/**
 * Fits a calibration of one label, on validation data.
 *
 * @param logits before the sigmoid.
 * @returns `{ kind: 'none' }` where a class is missing: there is nothing to fit.
 * @see Guo et al. 2017, arXiv:1706.04599 (temperature); Platt 1999, with his smoothed targets; Zadrozny and Elkan 2002
 *   (isotonic).
 */
export function fitCalibration(
  targets: ArrayLike<number>,
  logits: ArrayLike<number>,
  kind: (typeof calibrationKinds)[number],
): Calibration {
  checkTargets('fitCalibration', { targets, logits });
  checkChoice('fitCalibration', 'kind', kind, calibrationKinds);
  const known = knownRows(targets, logits);
  const positives = known.filter((row) => targets[row] === 1).length;
  const negatives = known.length - positives;
  if (positives === 0 || negatives === 0) return { kind: 'none' };
  const z = known.map((row) => logits[row]);
  const y = known.map((row) => targets[row]);
  switch (kind) {
    case 'temperature':
      return { kind, temperature: 1 / Math.max(1e-6, fitLogistic(z, y, { intercept: false }).slope) };
    case 'platt': {
      const [high, low] = [(positives + 1) / (positives + 2), 1 / (negatives + 2)];
      const smoothed = y.map((target) => (target === 1 ? high : low));
      return { kind, ...fitLogistic(z, smoothed, { intercept: true }) };
    }
    case 'isotonic':
      return { kind, ...fitIsotonic(z, y) };
  }
}

/**
 * Calibrated probabilities of logits.
 *
 * @param calibration as {@link fitCalibration} gives it, or as JSON held it.
 */
export function calibrate(calibration: Calibration, logits: ArrayLike<number>): Float64Array {
  checkNumbers('calibrate', 'logits', logits);
  checkChoice('calibrate', 'calibration.kind', calibration?.kind, ['none', ...calibrationKinds]);
  const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
  switch (calibration.kind) {
    case 'none':
      return Float64Array.from(logits, sigmoid);
    case 'temperature':
      return Float64Array.from(logits, (z) => sigmoid(z / calibration.temperature));
    case 'platt':
      return Float64Array.from(logits, (z) => sigmoid(calibration.slope * z + calibration.intercept));
    case 'isotonic':
      return Float64Array.from(logits, (z) => interpolate(z, calibration.logits, calibration.probabilities));
  }
}

function knownRows(targets: ArrayLike<number>, values: ArrayLike<number>): number[] {
  return Array.from(targets, (_, row) => row).filter(
    (row) => !Number.isNaN(targets[row]) && !Number.isNaN(values[row]),
  );
}

/** Logistic regression on one number by Newton's method, halving steps that do not help. */
function fitLogistic(
  z: readonly number[],
  y: readonly number[],
  { intercept: hasIntercept }: { intercept: boolean },
): { slope: number; intercept: number } {
  const loss = (a: number, b: number): number =>
    z.reduce((sum, value, i) => {
      const x = a * value + b;
      return sum + Math.max(x, 0) - y[i] * x + Math.log1p(Math.exp(-Math.abs(x)));
    }, 0);
  let [a, b] = [1, 0];
  let current = loss(a, b);
  for (let iteration = 0; iteration < 100; iteration++) {
    let [ga, gb, haa, hab, hbb] = [0, 0, 1e-12, 0, 1e-12];
    z.forEach((value, i) => {
      const p = 1 / (1 + Math.exp(-(a * value + b)));
      const weight = p * (1 - p);
      ga += (p - y[i]) * value;
      gb += p - y[i];
      haa += weight * value * value;
      hab += weight * value;
      hbb += weight;
    });
    const determinant = haa * hbb - hab * hab;
    let [da, db] = hasIntercept
      ? [(hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant]
      : [ga / haa, 0];
    let next = loss(a - da, b - db);
    for (let half = 0; half < 30 && !(next <= current); half++) {
      [da, db] = [da / 2, db / 2];
      next = loss(a - da, b - db);
    }
    if (!(next <= current)) break;
    [a, b] = [a - da, b - db];
    const gain = current - next;
    current = next;
    // A label that is separated without error has no best slope: it grows until the loss is 0.
    if (gain < 1e-12 * (1 + current) || Math.abs(a) > 1e4) break;
  }
  return { slope: a, intercept: b };
}

/** Pool adjacent violators; corners of the fitted steps. */
function fitIsotonic(z: readonly number[], y: readonly number[]): { logits: number[]; probabilities: number[] } {
  interface Block {
    first: number;
    last: number;
    sum: number;
    count: number;
  }
  const steps: Block[] = []; // equal logits are one step from the start
  for (const i of z.map((_, i) => i).sort((p, q) => z[p] - z[q])) {
    const last = steps[steps.length - 1];
    if (last?.last === z[i]) {
      last.sum += y[i];
      last.count++;
    } else steps.push({ first: z[i], last: z[i], sum: y[i], count: 1 });
  }
  const blocks: Block[] = [];
  for (const step of steps) {
    let block = step;
    for (
      let before = blocks.at(-1);
      before && before.sum / before.count >= block.sum / block.count;
      before = blocks.at(-1)
    ) {
      blocks.pop();
      block = { first: before.first, last: block.last, sum: before.sum + block.sum, count: before.count + block.count };
    }
    blocks.push(block);
  }
  const corners = blocks.flatMap(({ first, last, sum, count }) => {
    const probability = sum / count;
    return first === last
      ? [{ first, probability }]
      : [
          { first, probability },
          { first: last, probability },
        ];
  });
  return { logits: corners.map(({ first }) => first), probabilities: corners.map(({ probability }) => probability) };
}

function interpolate(z: number, xs: readonly number[], ys: readonly number[]): number {
  if (z <= xs[0]) return ys[0];
  if (z >= xs[xs.length - 1]) return ys[ys.length - 1];
  let low = 0;
  let high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= z) low = middle;
    else high = middle;
  }
  const share = (z - xs[low]) / (xs[high] - xs[low]);
  return Math.min(ys[high], ys[low] + (ys[high] - ys[low]) * share);
}
