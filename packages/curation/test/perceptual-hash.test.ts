import { RandomStream } from '@cxr-align/random';
import fc from 'fast-check';
import { differenceHash, hashDistance, hashWords, hashedSize, visitNearPairs } from '../src/perceptual-hash.js';

/** A smooth picture that depends on a number. */
function picture(number: number, change: (value: number, at: number) => number = (value) => value): Uint8Array {
  const random = new RandomStream({ seed: number, purpose: 'picture' });
  const waves = Array.from({ length: 12 }, () => [
    random.uniform() * 0.4,
    random.uniform() * 0.4,
    random.uniform() * 6,
  ]);
  return Uint8Array.from({ length: hashedSize ** 2 }, (_, at) => {
    const [x, y] = [at % hashedSize, Math.floor(at / hashedSize)];
    const sum = waves.reduce((total, [a, b, c]) => total + Math.sin(a * x + b * y + c), 0);
    return Math.min(255, Math.max(0, change(128 + 25 * sum, at)));
  });
}

const distance = (a: Uint8Array, b: Uint8Array): number => {
  const hashes = new Uint32Array(2 * hashWords);
  hashes.set(differenceHash(a));
  hashes.set(differenceHash(b), hashWords);
  return hashDistance(hashes, 0, 1);
};

describe('differenceHash(pixels)', () => {
  it('hardly changes with brightness, contrast and a little noise, and much with the picture', () => {
    const random = new RandomStream({ seed: 9, purpose: 'noise' });
    for (let number = 0; number < 20; number++) {
      expect(
        distance(
          picture(number),
          picture(number, (value) => 0.8 * value + 20),
        ),
      ).toBeLessThanOrEqual(10);
      expect(
        distance(
          picture(number),
          picture(number, (value) => value + 2 * random.normal()),
        ),
      ).toBeLessThanOrEqual(10);
      expect(distance(picture(number), picture(number + 1))).toBeGreaterThan(40);
    }
  });
  it('is all zeros for one grey value', () => {
    expect([...differenceHash(new Uint8Array(hashedSize ** 2).fill(7))]).toEqual(new Array(hashWords).fill(0));
  });
});

describe('visitNearPairs(hashes, most, visit)', () => {
  it('visits once every pair that comparing all with all finds', () => {
    const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const base = fc.array(word, { minLength: hashWords, maxLength: hashWords });
    // Hashes that are a base with a few bits turned.
    const turned = fc.array(fc.uniqueArray(fc.nat(255), { maxLength: 20 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(base, turned, fc.integer({ min: 0, max: 15 }), (words, turns, most) => {
        const hashes = new Uint32Array(turns.length * hashWords);
        turns.forEach((bits, i) => {
          hashes.set(words, i * hashWords);
          for (const bit of bits) hashes[i * hashWords + (bit >> 5)] ^= 1 << (bit & 31);
        });
        const expected: [number, number][] = [];
        for (let a = 0; a < turns.length; a++)
          for (let b = a + 1; b < turns.length; b++) if (hashDistance(hashes, a, b) <= most) expected.push([a, b]);
        const found: [number, number][] = [];
        visitNearPairs(hashes, most, (a, b, distance) => {
          expect(distance).toBe(hashDistance(hashes, a, b));
          found.push([a, b]);
        });
        expect(found.sort((x, y) => x[0] - y[0] || x[1] - y[1])).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });
});
