import fc from 'fast-check';
import { hashString, RandomStream } from '../src/index.js';

const stream = (purpose = 'test', step = 0, seed = 1) => new RandomStream({ seed, purpose, step });

describe('RandomStream', () => {
  it('gives the same numbers for the same key and others for any other key', () => {
    const first = stream().uniforms(8);
    expect(stream().uniforms(8)).toEqual(first);
    for (const other of [stream('other'), stream('test', 1), stream('test', 0, 2)]) {
      expect(other.uniforms(8)).not.toEqual(first);
    }
  });
  it('has the mean and spread of its distributions', () => {
    const count = 20_000;
    const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const uniforms = stream().uniforms(count);
    expect(mean(uniforms)).toBeCloseTo(0.5, 1);
    expect(Math.min(...uniforms)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...uniforms)).toBeLessThan(1);
    const normals = stream().normals(count);
    expect(Math.abs(mean(normals))).toBeLessThan(0.03);
    expect(Math.abs(mean(normals.map((value) => value * value)) - 1)).toBeLessThan(0.05);
    const mask = stream().dropoutMask(count, 0.1);
    expect(Math.abs(mean(mask) - 1)).toBeLessThan(0.02);
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / 0.9)]));
  });
  it('draws whole numbers below the limit, and permutations that hold each number once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), (limit, seed) => {
        const random = stream('property', 0, seed);
        expect(random.integer(limit)).toBeLessThan(limit);
        expect([...random.permutation(limit)].sort((a, b) => a - b)).toEqual([...Array(limit).keys()]);
      }),
      { numRuns: 50 },
    );
  });
  it('refuses a seed that is no integer, and a dropout rate outside of [0, 1)', () => {
    expect(() => stream('test', 0, 1.5)).toThrow('random/RandomStream: expected seed to be an integer');
    for (const rate of [1, -0.1, NaN])
      expect(() => stream().dropoutMask(4, rate)).toThrow('random/dropoutMask: expected a rate in [0, 1)');
    expect(() => stream('test', -1)).toThrow('expected step');
    expect(() => stream().integer(0)).toThrow('random/integer: expected an integer limit');
  });
});

describe('hashString(text)', () => {
  it('differs for texts that differ in one letter', () => {
    expect(hashString('dropout/0')).not.toBe(hashString('dropout/1'));
    expect(hashString('')).toBeGreaterThanOrEqual(0);
  });
});
