import { epochBatches } from '../src/loop/batches.js';
import { balancedWeights } from '../src/loop/sampling-weights.js';

/** Labels A and B: 12 images have A alone, 3 have both, 1 has B alone, 4 have neither. */
const rows = [
  ...Array<number[]>(12).fill([1, 0]),
  ...Array<number[]>(3).fill([1, 1]),
  [0, 1],
  ...Array<number[]>(4).fill([0, NaN]),
];
const targets = Float32Array.from(rows.flat());
const training = [...rows.keys()];

describe('balancedWeights(targets, training, labels)', () => {
  it('draws a label, then a combination by the square root of its images, then an image, worked by hand', () => {
    const weights = balancedWeights(targets, training, 2);
    const [a, both, b, none] = [12, 3, 1, 4].map(Math.sqrt);
    const ofA = a / (a + both) / 12;
    const ofBoth = (both / (a + both) + both / (both + b)) / 3;
    const expected = [
      ...Array<number>(12).fill(ofA),
      ...Array<number>(3).fill(ofBoth),
      b / (both + b),
      ...Array<number>(4).fill(1 / 4),
    ];
    expect(none).toBe(2);
    weights.forEach((weight, i) => expect(weight).toBeCloseTo(expected[i] / 3, 12));
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
  });
  it('of images that all have the same labels is uniform', () => {
    const same = balancedWeights(Float32Array.of(1, 0, 1, 0, 1, 0), [0, 1, 2], 2);
    same.forEach((weight) => expect(weight).toBeCloseTo(1 / 3, 12));
  });
});

describe('epochBatches(training, seed, epoch, count, weights)', () => {
  it('has each image as often as its weight says, up to one, and other images in other epochs', () => {
    const weights = balancedWeights(targets, training, 2);
    const drawn = (epoch: number): number[] =>
      epochBatches(training, 1, epoch, 3, weights).flatMap(({ samples }) => samples);
    const counts = new Float64Array(20);
    for (let epoch = 0; epoch < 200; epoch++) {
      const samples = drawn(epoch);
      expect(samples).toHaveLength(20);
      for (const [row, weight] of weights.entries()) {
        const found = samples.filter((sample) => sample === row).length;
        expect([Math.floor(20 * weight), Math.floor(20 * weight) + 1]).toContain(found);
        counts[row] += found;
      }
    }
    counts.forEach((count, row) => expect(Math.abs(count / 4000 - weights[row])).toBeLessThan(0.01));
    expect(drawn(0)).not.toEqual(drawn(1));
    expect(drawn(7)).toEqual(drawn(7));
  });
});
