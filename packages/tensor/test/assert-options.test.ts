import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '@cxr-align/engine';
import { assertOptions, assertShape, assertTensor, nearestName, reductions, type OptionRules } from '../src/index.js';

beforeAll(async () => {
  await startEngine('cpu');
});

interface Options {
  gammaNegative?: number;
  gammaPositive?: number;
  alpha?: number | null;
  reduction?: string;
  mask?: tf.Tensor;
  logitScale?: tf.Tensor | number;
  counts?: ArrayLike<number>;
  normalize?: boolean;
  uniform?: () => number;
  edges?: unknown[];
}
const rules: OptionRules<Options> = {
  gammaNegative: { min: 0 },
  gammaPositive: { min: 0, below: 10 },
  alpha: { min: 0, max: 1, orNull: true },
  reduction: reductions,
  mask: 'tensor',
  logitScale: 'scalar',
  counts: 'numbers',
  normalize: 'boolean',
  uniform: 'function',
  edges: 'array',
};
const check = (options: unknown, required: (keyof Options)[] = []) =>
  assertOptions('x/y', options as Options, rules, required);

describe('assertOptions(where, options, rules, required)', () => {
  it('accepts what the rules name, and undefined as not given', () => {
    check({});
    check({
      gammaNegative: 0,
      gammaPositive: 9.9,
      alpha: null,
      reduction: 'none',
      mask: tf.zeros([2]),
      logitScale: tf.scalar(2),
      counts: new Float32Array(3),
      normalize: false,
      uniform: Math.random,
      edges: [],
    });
    check({ mask: undefined, logitScale: -3, counts: [1, 2] }, ['counts']);
  });
  it.each([
    [{ gammaNeg: 2 }, TypeError, 'got gammaNeg; try gammaNegative'],
    [{ reducton: 'sum' }, TypeError, 'got reducton; try reduction'],
    [{ learningRate: 1 }, TypeError, 'got learningRate; remove it'],
    [{ reduction: 'avg' }, RangeError, "x/y: expected reduction to be one of mean, sum, none, got 'avg'"],
    [{ reduction: 'meen' }, RangeError, "try 'mean'"],
    [{ reduction: 3 }, TypeError, 'expected reduction to be one of mean, sum, none, got 3'],
    [{ gammaNegative: -1 }, RangeError, 'expected gammaNegative to be a number in [0, ∞), got -1'],
    [{ gammaNegative: NaN }, RangeError, 'got NaN'],
    [{ gammaNegative: Infinity }, RangeError, 'got Infinity'],
    [{ gammaPositive: 10 }, RangeError, 'expected gammaPositive to be a number in [0, 10), got 10'],
    [{ gammaNegative: '2' }, TypeError, "got '2'"],
    [{ gammaNegative: null }, TypeError, 'got null'],
    [{ alpha: 2 }, RangeError, 'expected alpha to be a number in [0, 1] or null, got 2'],
    [{ mask: [[1]] }, TypeError, 'expected mask to be a tensor, got an array of 1; try tf.tensor(mask)'],
    [{ logitScale: '1' }, TypeError, 'expected logitScale to be a finite number or a scalar tensor'],
    [{ counts: 'many' }, TypeError, "expected counts to be an array of numbers, got 'many'"],
    [{ counts: [1, -2] }, RangeError, 'got -2 at 1'],
    [{ counts: [1, NaN] }, RangeError, 'got NaN at 1'],
    [{ normalize: 1 }, TypeError, 'expected normalize to be a boolean, got 1'],
    [{ uniform: 3 }, TypeError, 'expected uniform to be a function, got 3'],
    [{ edges: { length: 2 } }, TypeError, 'expected edges to be an array, got an object with length'],
    [null, TypeError, 'expected options to be an object, got null'],
    ['mean', TypeError, "expected options to be an object, got 'mean'"],
    [[1], TypeError, 'expected options to be an object, got an array of 1'],
  ])('refuses %j by name', (options, kind, text) => {
    expect(() => check(options)).toThrow(kind as new () => Error);
    expect(() => check(options)).toThrow(text as string);
  });
  it('refuses a tensor in the place of the options, and a missing required option', () => {
    expect(() => check(tf.zeros([2, 3]))).toThrow('expected options to be an object, got a tensor of shape [2, 3]');
    expect(() => check({}, ['counts'])).toThrow('x/y: expected the option counts, got none; pass { counts: … }');
  });
  it('is not misled by names of Object.prototype', () => {
    expect(() => check({ toString: 1 })).toThrow('got toString');
    expect(() => check({ constructor: 1 })).toThrow('got constructor');
  });
});

describe('assertTensor(where, name, value) and assertShape', () => {
  it('name what was passed instead of a tensor', () => {
    expect(() => assertTensor('x/y', 'logits', [[1, 2]])).toThrow(
      'x/y: expected logits to be a tensor, got an array of 1; try tf.tensor(logits)',
    );
    expect(() => assertShape('x/y', 'targets', undefined as unknown as tf.Tensor, ['batch'])).toThrow(
      'x/y: expected targets to be a tensor, got undefined; pass targets',
    );
    expect(() => assertTensor('x/y', 'logits', { shape: [2] })).toThrow(TypeError);
    expect(() => assertTensor('x/y', 'logits', tf.tensor(['a']))).toThrow('expected logits to be a tensor of numbers');
  });
});

describe('nearestName(name, known)', () => {
  it('finds the beginning of a name, a slip of the fingers, and nothing far away', () => {
    expect(nearestName('gammaNeg', ['alpha', 'gammaNegative'])).toBe('gammaNegative');
    expect(nearestName('Reduction', ['mask', 'reduction'])).toBe('reduction');
    expect(nearestName('posWieght', ['mask', 'posWeight'])).toBe('posWeight');
    expect(nearestName('seed', ['mask', 'reduction'])).toBeUndefined();
  });
});
