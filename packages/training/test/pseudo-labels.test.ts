import { RandomStream } from '@cxr-align/random';
import { ArchiveOrder } from '../src/loop/unlabelled/archive.js';
import {
  addCounts,
  countPseudoLabels,
  noPseudoLabels,
  pseudoLabelText,
} from '../src/loop/unlabelled/pseudo-label-counts.js';
import { PseudoLabelThresholds } from '../src/loop/unlabelled/pseudo-labels.js';

const adaptive = { thresholds: 'adaptive', share: 0.5, positive: 0.9, negative: 0.95 } as const;
const logits = (random: RandomStream, images: number, levels: readonly number[]): Float32Array =>
  Float32Array.from({ length: images * levels.length }, (_, at) => levels[at % levels.length] + random.normal());
const countOf = (values: Float32Array, label: number, labels: number): number =>
  values.filter((value, at) => at % labels === label && value === 1).length;

describe('PseudoLabelThresholds', () => {
  it('adaptive: takes the share of the expected positives and negatives with the largest and smallest logits', () => {
    // π = 2.5 / 5 = ½: a quarter of 8 images is positive, a quarter negative: quantiles of 6.75 and 2.25.
    const thresholds = new PseudoLabelThresholds(adaptive, { positives: [2], negatives: [2] });
    const { targets, mask } = thresholds.choose(Float32Array.of(5, 1, 2, 8, 3, 7, 4, 6));
    expect([...mask]).toEqual([0, 1, 1, 1, 0, 1, 0, 0]);
    expect([...targets]).toEqual([0, 0, 0, 1, 0, 1, 0, 0]);
  });
  it('adaptive: keeps the balance of a rare and a frequent label over batches, whatever the level of their logits', () => {
    const thresholds = new PseudoLabelThresholds(adaptive, { positives: [8, 70], negatives: [92, 30] });
    const random = new RandomStream({ seed: 3, purpose: 'logits' });
    const found = [0, 0, 0, 0];
    const [batches, images] = [100, 64];
    for (let batch = 0; batch < batches; batch++) {
      const drift = 3 * Math.sin(batch / 5);
      const { targets, mask } = thresholds.choose(logits(random, images, [drift - 4, drift + 1]));
      const negatives = mask.map((used, at) => used - targets[at]);
      for (const label of [0, 1]) {
        found[2 * label] += countOf(targets, label, 2) / (batches * images);
        found[2 * label + 1] += countOf(negatives, label, 2) / (batches * images);
      }
    }
    const prevalences = [8.5 / 101, 70.5 / 101];
    const expected = prevalences.flatMap((share) => [share / 2, (1 - share) / 2]);
    expected.forEach((share, i) => expect(Math.abs(found[i] - share)).toBeLessThan(0.1 * share + 0.005));
  });
  it('fixed: takes probabilities beyond the two given', () => {
    const thresholds = new PseudoLabelThresholds(
      { ...adaptive, thresholds: 'fixed' },
      { positives: [1, 1], negatives: [1, 1] },
    );
    const logit = (p: number): number => Math.log(p / (1 - p));
    const chosen = thresholds.choose(Float32Array.of(logit(0.91), logit(0.89), logit(0.04), logit(0.06)));
    expect([...chosen.mask]).toEqual([1, 0, 1, 0]);
    expect([...chosen.targets]).toEqual([1, 0, 0, 0]);
    expect(thresholds.current.batches).toBe(0);
  });
  it('gives no positive pseudo-label of a label that no image has, and no negative one of one that all have', () => {
    const thresholds = new PseudoLabelThresholds({ ...adaptive, share: 1 }, { positives: [0, 9], negatives: [9, 0] });
    const { targets, mask } = thresholds.choose(logits(new RandomStream({ seed: 1, purpose: 'logits' }), 40, [0, 0]));
    expect(countOf(targets, 0, 2)).toBe(0);
    expect(countOf(mask, 0, 2)).toBeGreaterThan(30);
    expect(countOf(mask, 1, 2)).toBe(countOf(targets, 1, 2));
  });
  it('chooses nothing where all logits are the same', () => {
    const thresholds = new PseudoLabelThresholds(adaptive, { positives: [1], negatives: [1] });
    expect([...thresholds.choose(new Float32Array(6)).mask]).toEqual([0, 0, 0, 0, 0, 0]);
  });
  it('goes on from a state as if it had seen the batches before', () => {
    const counts = { positives: [3], negatives: [7] };
    const [one, other] = [0, 1].map(() => new PseudoLabelThresholds(adaptive, counts));
    const random = new RandomStream({ seed: 5, purpose: 'logits' });
    for (let batch = 0; batch < 8; batch++) one.choose(logits(random, 9, [batch]).map((x) => x ** 3));
    other.restore(JSON.parse(JSON.stringify(one.current)));
    const next = logits(random, 9, [4]);
    expect(other.choose(next)).toEqual(one.choose(next));
    expect(new PseudoLabelThresholds(adaptive, counts).choose(next)).not.toEqual(one.choose(next));
  });
});

describe('ArchiveOrder', () => {
  it('draws each image once before any comes again, and the same batch at the same place', () => {
    const images = [3, 5, 7, 11, 13, 17, 19];
    const order = new ArchiveOrder(images, 1);
    const drawn = Array.from({ length: 14 }, (_, place) => order.batch(place, 3));
    const flat = drawn.flatMap(({ samples }) => samples);
    for (let pass = 0; pass < 6; pass++)
      expect(flat.slice(7 * pass, 7 * pass + 7).sort((a, b) => a - b)).toEqual(images);
    expect(flat.slice(0, 7)).not.toEqual(flat.slice(7, 14));
    expect(drawn.map(({ pass }) => pass)).toEqual([0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5]);
    expect(new ArchiveOrder(images, 1).batch(9, 3)).toEqual(drawn[9]);
    expect(new ArchiveOrder(images, 2).batch(0, 3).samples).not.toEqual(drawn[0].samples);
  });
});

describe('countPseudoLabels(labels, samples, truth)', () => {
  it('counts each side, and what of it is right where the truth is known', () => {
    const labels = { targets: Float32Array.of(1, 0, 1, 0, 0, 0), mask: Float32Array.of(1, 1, 1, 1, 0, 1) };
    // Images 2, 0 and 1 of the archive.
    const truth = Float32Array.of(0, 0, NaN, 1, 1, NaN);
    const counts = countPseudoLabels(labels, [2, 0, 1], truth);
    expect(counts).toEqual({
      images: 3,
      positive: { used: 2, checked: 2, right: 1 },
      negative: { used: 3, checked: 2, right: 1 },
    });
    expect(addCounts(counts, addCounts(noPseudoLabels(), counts)).negative).toEqual({ used: 6, checked: 4, right: 2 });
    expect(pseudoLabelText(counts)).toBe(
      'pseudo-labels of 3 images: 2 positive (50.0 % of 2 right), 3 negative (50.0 % of 2 right)',
    );
    expect(pseudoLabelText(countPseudoLabels(labels, [2, 0, 1]))).toBe(
      'pseudo-labels of 3 images: 2 positive, 3 negative',
    );
  });
});
