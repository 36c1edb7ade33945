import { expectClose } from '@cxr-align/testkit';
import fc from 'fast-check';
import { combineDescriptors, descriptorCombinations, scoreDescriptors } from '../src/index.js';

const unit = (values: number[]): Float32Array => {
  const length = Math.hypot(...values) || 1;
  return Float32Array.from(values, (value) => value / length);
};

describe('scoreDescriptors(images, texts, options)', () => {
  it('is the softmax of both cosines over the temperature', () => {
    const image = unit([1, 1]);
    const texts = { positive: unit([1, 0]), negative: unit([0, 1]) };
    expectClose(scoreDescriptors(image, texts, { dim: 2 }).present, [0.5]);
    const [p, n] = [unit([1, 0.2]), unit([-1, 0.5])];
    const cosine = (a: Float32Array, b: Float32Array): number => a[0] * b[0] + a[1] * b[1];
    const exp = [p, n].map((text) => Math.exp(cosine(image, text) / 0.5));
    const { present, absent } = scoreDescriptors(image, { positive: p, negative: n }, { dim: 2 });
    expectClose(present, [exp[0] / (exp[0] + exp[1])], 1e-6);
    expectClose(absent, [exp[1] / (exp[0] + exp[1])], 1e-6);
  });
  it('stays between 0.018 and 0.982, whatever the vectors', () => {
    const vector = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }).map(unit);
    fc.assert(
      fc.property(vector, vector, vector, (image, positive, negative) => {
        const [p] = scoreDescriptors(image, { positive, negative }, { dim: 3 }).present;
        return p > 0.0179 && p < 0.9821;
      }),
    );
  });
});

describe('combineDescriptors(present, mode)', () => {
  const probabilities = fc.array(fc.double({ min: 0.01, max: 0.99, noNaN: true }), { minLength: 1, maxLength: 6 });
  it('is worked by hand', () => {
    expectClose([combineDescriptors([0.2, 0.8]).probability], [0.4], 1e-6);
    expectClose([combineDescriptors([0.2, 0.8], 'arithmetic').probability], [0.5], 1e-6);
    expectClose([combineDescriptors([0.2, 0.8], 'noisy-or').probability], [0.84], 1e-6);
    expectClose([combineDescriptors([0.2, 0.8], 'logit-mean').probability], [0.5], 1e-6);
    expect(() => combineDescriptors([])).toThrow('expected one observation or more, got none');
  });
  it.each(descriptorCombinations)('has contributions that sum to the score, in any order: %s', (mode) => {
    fc.assert(
      fc.property(probabilities, (present) => {
        const { contributions, score, probability } = combineDescriptors(present, mode);
        const turned = combineDescriptors([...present].reverse(), mode);
        return (
          Math.abs(contributions.reduce((sum, value) => sum + value, 0) - score) < 1e-9 &&
          Math.abs(turned.probability - probability) < 1e-9
        );
      }),
    );
  });
  it('says no more together than 1, and with one observation what it says', () => {
    fc.assert(
      fc.property(probabilities, (present) => {
        const { probability, absent } = combineDescriptors(present);
        const [one] = present;
        return probability + absent <= 1 + 1e-9 && Math.abs(combineDescriptors([one]).probability - one) < 1e-9;
      }),
    );
  });
  it.each(descriptorCombinations)('rises with each observation: %s', (mode) => {
    fc.assert(
      fc.property(probabilities, fc.double({ min: 0.001, max: 0.009, noNaN: true }), (present, step) => {
        const more = [present[0] + step, ...present.slice(1)];
        return combineDescriptors(more, mode).probability > combineDescriptors(present, mode).probability;
      }),
    );
  });
});
