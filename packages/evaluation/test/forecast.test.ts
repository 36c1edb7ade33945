import { RandomStream } from '@cxr-align/random';
import { forecastLabels, type CountedRun, type LabelForecast } from '../src/forecast.js';
import { forecastSentence, forecastText } from '../src/forecast-text.js';

const labels = ['Edema', 'Mass'];
const samples = Array.from({ length: 200 }, (_, i) => ({ id: `${i}`, patient: `p${i}`, split: 'val' as const }));
const random = new RandomStream({ seed: 1, purpose: 'forecast' });
const targets = Float32Array.from({ length: 400 }, () => (random.chance(0.4) ? 1 : 0));
const noise = Float64Array.from({ length: 400 }, () => random.normal());

/** Runs whose scores separate better the more images there were. */
function runs(sizes: readonly number[], strength: (count: number) => number): CountedRun[] {
  return sizes.flatMap((count) =>
    [0, 1, 2].map((seed): CountedRun => {
      const own = new RandomStream({ seed, purpose: `run/${count}` });
      const scores = targets.map((y, at) => strength(count) * y + noise[at] + 0.2 * own.normal());
      const probabilities = Float64Array.from(scores, (score) => 1 / (1 + Math.exp(-score)));
      return {
        run: { configuration: 'linear', trainCount: count, seed },
        images: count,
        predictions: { labels, samples, targets, probabilities },
      };
    }),
  );
}

const forecast = (sizes: readonly number[], strength: (count: number) => number, target: number): LabelForecast =>
  forecastLabels({ configurations: ['linear'] }, runs(sizes, strength), { target, resamples: 60 });
const sizes = [16, 32, 64, 128, 256];

describe('forecastLabels(plan, finished, options)', () => {
  it('says how many more labels a score needs, with an interval around it, and tests itself on the larger sizes', () => {
    const [{ macro, labels: byLabel }] = forecast(sizes, (count) => 0.55 * Math.log2(count / 8), 0.995).configurations;
    expect(macro.points.map(({ count }) => count)).toEqual(sizes);
    expect(macro.points[0].byDraw).toHaveLength(3);
    expect(macro.check.map(({ count }) => count)).toEqual([128, 256]);
    for (const one of macro.check) expect(Math.abs(one.predicted - one.measured)).toBeLessThan(0.05);
    expect(macro.curve!.plateau).toBeLessThanOrEqual(1);
    if (macro.verdict === 'forecast') {
      expect(macro.more).toBe(Math.ceil(macro.needed! - 256));
      expect(macro.neededInterval[0]!).toBeLessThanOrEqual(macro.needed!);
    }
    expect(Object.keys(byLabel)).toEqual(labels);
  });

  it('says when it is reached already', () => {
    const found = forecast(sizes, (count) => 0.5 * Math.log2(count / 8), 0.8);
    const [{ macro }] = found.configurations;
    expect(macro.verdict).toBe('reached');
    expect(macro.more).toBe(0);
    expect(macro.needed!).toBeLessThan(256);
    expect(forecastText(found)).toMatch(/^linear: labels for a macro AUROC of 0\.8: reached, about \d+ images/);
  });

  it('cannot tell where the curve ends below the score', () => {
    const [{ macro }] = forecast(sizes, () => 0.5, 0.95).configurations;
    expect(['above the plateau', 'unbounded']).toContain(macro.verdict);
    expect(macro.more).toBeNull();
    expect(macro.neededInterval[1]).toBeNull();
    expect(forecastSentence(macro)).toContain('unknown');
  });

  it('cannot tell from two sizes', () => {
    const [{ macro }] = forecast([16, 64], (count) => count / 64, 0.9).configurations;
    expect(macro).toMatchObject({ verdict: 'too few sizes', curve: null, needed: null, check: [] });
    expect(forecastSentence(macro)).toBe('unknown: 2 sizes have the score, 3 are needed');
  });

  it('is the same twice, and refuses a score that is none', () => {
    const once = forecast(sizes, (count) => Math.log2(count / 8), 0.9);
    expect(forecast(sizes, (count) => Math.log2(count / 8), 0.9)).toEqual(once);
    expect(() => forecast(sizes, () => 1, 95)).toThrow('expected an AUROC between 0.5 and 1 to forecast, got 95');
  });
});
