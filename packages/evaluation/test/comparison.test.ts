import { RandomStream } from '@cxr-align/random';
import { compare } from '../src/comparison.js';
import { comparisonTable, verdict } from '../src/comparison-text.js';
import type { Predictions } from '../src/predictions.js';
import { madeUpPredictions as made } from '@cxr-align/testkit';

describe('compare(a, b, options)', () => {
  const [strong, weak] = [made(2), made(0.3, 2)];
  it('tells a better model from a worse one, and nothing from two alike', () => {
    const comparison = compare(weak, strong, { names: ['weak', 'strong'], resamples: 300 });
    expect(comparison.macro.difference).toBeGreaterThan(0.1);
    expect(comparison.macro.differenceCi[0]).toBeGreaterThan(0);
    expect(comparison.labels[0].p).toBeLessThan(0.05);
    expect(comparison.labels[0].pHolm).toBeGreaterThanOrEqual(comparison.labels[0].p!);
    expect(verdict(comparison)).toMatch(/^strong is better than weak/);
    expect(comparison.labels[0].pBh).toBeLessThanOrEqual(comparison.labels[0].pHolm!);
    expect(comparison.macro.differenceBca[0]).toBeGreaterThan(0);
    expect(comparison.macro.detectable).toBeGreaterThan(0.01);
    expect(verdict(compare(strong, strong, { resamples: 100 }))).toMatch(/do not support a difference/);
    expect(verdict(compare(weak, made(0.3, 3), { resamples: 300 }))).toMatch(
      /one of 0\.\d{3} would have been seen four times out of five/,
    );
  });
  it('prints a table with a line a label', () => {
    const table = comparisonTable(compare(weak, strong, { resamples: 50 }));
    expect(table).toMatch(/^Edema .*\+0\.\d{3}/m);
    expect(table).toMatch(/^<script> .*–/m);
    expect(table).toMatch(/^macro /m);
  });
  it('refuses other samples, other targets and other labels, and says which', () => {
    const other = made(1);
    expect(() => compare(weak, { ...other, labels: ['a', 'b', 'c'] })).toThrow('the labels Edema');
    const renamed = {
      ...other,
      samples: other.samples.map((sample, i) => (i === 5 ? { ...sample, id: 'strange' } : sample)),
    };
    expect(() => compare(weak, renamed, { names: ['weak', 'x'] })).toThrow(
      '1 samples in weak alone and 1 in x alone (such as s5)',
    );
    const flipped = { ...other, targets: other.targets.map((target, at) => (at === 3 ? 1 - target : target)) };
    expect(() => compare(weak, flipped)).toThrow('another target of Edema for s1');
  });
  it('ranks scores where probabilities have lost their order', () => {
    const [a, b] = [made(2), made(2)];
    const saturated = { ...b, scores: b.probabilities, probabilities: b.probabilities.map(() => 1) };
    expect(compare(a, saturated, { resamples: 20 }).macro.difference).toBe(0);
  });
  it('refuses a number of resamples that is none', () => {
    expect(() => compare(made(1), made(1), { resamples: 0 })).toThrow(
      'expected resamples to be a whole number of 1 or more',
    );
  });
});

const predictions = (targets: number[], scores: number[]): Predictions => ({
  labels: ['Edema'],
  samples: targets.map((_, i) => ({ id: `${i}`, patient: `p${i}`, split: 'test' as const })),
  targets: Float32Array.from(targets),
  probabilities: Float64Array.from(scores),
});

describe('compare(a, b, options) of few images', () => {
  const targets = [1, 1, 0, 0];
  const perfect = predictions(targets, [0.9, 0.8, 0.2, 0.1]);
  const constant = predictions(targets, [0.5, 0.5, 0.5, 0.5]);
  const comparison = compare(constant, perfect, { names: ['constant', 'perfect'], resamples: 200 });

  it('has the p of an exact permutation test, no detectable difference, and no verdict', () => {
    const { labels, macro } = comparison;
    expect(labels[0]).toMatchObject({ aurocA: 0.5, aurocB: 1, positives: 2, negatives: 2, p: 0.125, detectable: null });
    expect(macro).toMatchObject({ difference: 0.5, p: null, detectable: null });
    expect(verdict(comparison)).toContain('cannot be tested');
  });
  it('carries remarks, in the table too', () => {
    expect(comparison.remarks).toEqual([
      'Edema: only 2 positives and 2 negatives (fewer than 10): estimates and tests are unreliable',
      "Edema: DeLong's variance is 0; p by exact permutation test",
      'macro: all resamples of these few images have the same difference; its p is undefined',
    ]);
    for (const remark of comparison.remarks) expect(comparisonTable(comparison)).toContain(`Remark: ${remark}.`);
    expect(comparisonTable(comparison)).not.toContain('< 0.001');
  });
});

describe('compare(a, b, options) of a label with few cases', () => {
  const labels = ['Edema', 'Fracture'];
  const model = (seed: number): Predictions => {
    const random = new RandomStream({ seed, purpose: 'few' });
    const targets = Float32Array.from({ length: 2 * 60 }, (_, at) => (at % 2 === 0 ? (at >> 1) % 2 : at < 6 ? 1 : 0));
    return {
      labels,
      samples: Array.from({ length: 60 }, (_, i) => ({ id: `${i}`, patient: `p${i}`, split: 'test' as const })),
      targets,
      probabilities: Float64Array.from(targets, (y) => 0.3 * y + 0.7 * random.uniform()),
    };
  };
  const comparison = compare(model(1), model(2), { resamples: 200 });
  const [edema, fracture] = comparison.labels;

  it('says how far it can be trusted, with a wide interval, and no p of a test for many', () => {
    expect([edema.reliability, fracture.reliability, comparison.macro.reliability]).toEqual([
      'enough',
      'too few',
      'few',
    ]);
    expect(fracture.positives).toBe(3);
    expect([fracture.p, fracture.pHolm, fracture.pBh]).toEqual([null, null, null]);
    const width = ([low, high]: readonly (number | null)[]): number => high! - low!;
    expect(width(fracture.aurocACi)).toBeGreaterThan(0.4);
    expect(width(fracture.differenceCi)).toBeGreaterThan(width(edema.differenceCi) * 2);
    // It counts in no correction.
    expect(edema.pHolm).toBe(edema.p);
  });
  it('prints it in a table of 80 columns', () => {
    const text = comparisonTable(comparison);
    expect(text).toMatch(/^Fracture .* too few$/m);
    for (const line of text.slice(0, text.indexOf('\n\n')).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
  it('tells no models apart where no label has enough', () => {
    const alone = ({ samples, targets, probabilities }: Predictions): Predictions => ({
      labels: ['Fracture'],
      samples,
      targets: targets.filter((_, at) => at % 2 === 1),
      probabilities: probabilities.filter((_, at) => at % 2 === 1),
    });
    const few = compare(alone(model(1)), alone(model(2)), { resamples: 200 });
    expect(few.macro).toMatchObject({ reliability: 'too few', differenceCi: [null, null], detectable: null });
    expect(verdict(few)).toBe(
      'These images are too few to tell A and B apart: no label has 10 of them with it and 10 without.',
    );
  });
});

describe('compare(a, b, options) of many images', () => {
  it('carries no remark', () => {
    const targets = Array.from({ length: 40 }, (_, i) => i % 2);
    const noisy = (noise: number): number[] => targets.map((y, i) => y + noise * Math.sin(37 * i));
    const comparison = compare(predictions(targets, noisy(2)), predictions(targets, noisy(1)), { resamples: 200 });
    expect(comparison.remarks).toEqual([]);
    expect(comparison.labels[0].p).toBeGreaterThan(0);
    expect(comparison.macro.p).not.toBeNull();
  });
});
