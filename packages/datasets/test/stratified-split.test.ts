import { RandomStream } from '@cxr-align/random';
import { overlappingPatients, stratifySplits, type Dataset, type Split } from '../src/index.js';

/** Patients with one to four images, and labels of very different frequency. */
function made(patients: number): Dataset {
  const random = new RandomStream({ seed: 3, purpose: 'test' });
  const samples: Dataset['samples'] = [];
  const cells: number[] = [];
  for (let p = 0; p < patients; p++) {
    const ill = [0.5, 0.2, 0.03].map((share) => random.chance(share));
    for (let image = 0; image <= random.integer(4); image++) {
      samples.push({
        id: `${p}-${image}`,
        image: `${p}-${image}.png`,
        patient: `p${p}`,
        study: `${p}`,
        split: 'train',
      });
      cells.push(...ill.map((one) => (one && random.chance(0.9) ? 1 : random.chance(0.1) ? NaN : 0)));
    }
  }
  return {
    name: 'made',
    format: 'test',
    reason: '',
    samples,
    annotations: { labels: ['common', 'fewer', 'rare'], values: Float32Array.from(cells) },
    badRows: [],
    excluded: [],
    columns: { used: {}, unused: [] },
    remarks: [],
    hasOwnSplits: false,
  };
}

const shares = { train: 0.7, val: 0.1, test: 0.2 };
const positives = ({ samples, annotations: { values, labels } }: Dataset, split: Split, label: number): number =>
  samples.filter((one, row) => one.split === split && values[row * labels.length + label] === 1).length;

describe('stratifySplits(dataset, options)', () => {
  const dataset = made(600);
  const split = stratifySplits(dataset, { shares, seed: 1 });
  it('keeps patients whole and gives every split its share of every label', () => {
    expect(overlappingPatients(split).size).toBe(0);
    for (const [name, share] of Object.entries(shares) as [Split, number][]) {
      const images = split.samples.filter((one) => one.split === name).length;
      expect(Math.abs(images / split.samples.length - share)).toBeLessThan(0.01);
      split.annotations.labels.forEach((_, label) => {
        const all = positives(
          { ...split, samples: split.samples.map((one) => ({ ...one, split: name })) },
          name,
          label,
        );
        expect(Math.abs(positives(split, name, label) - share * all)).toBeLessThanOrEqual(3);
      });
    }
  });
  it('depends on the seed alone', () => {
    const splits = (seed: number): string =>
      stratifySplits(dataset, { shares, seed })
        .samples.map((one) => one.split)
        .join();
    expect(splits(1)).toBe(splits(1));
    expect(splits(1)).not.toBe(splits(2));
  });
  it('makes no split that nothing was asked for, and refuses shares that are none', () => {
    const two = stratifySplits(dataset, { shares: { train: 0.8, val: 0, test: 0.2 }, seed: 0 });
    expect(new Set(two.samples.map((one) => one.split))).toEqual(new Set(['train', 'test']));
    expect(() => stratifySplits(dataset, { shares: { train: 1, val: 0.1, test: 0 }, seed: 0 })).toThrow('sum to 1');
  });
});
