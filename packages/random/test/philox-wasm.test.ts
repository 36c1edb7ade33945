import { RandomStream } from '../src/index.js';
import { philoxBlocks } from '../src/philox-wasm.js';
import { philox4x32 } from '../src/philox.js';

const blocks = philoxBlocks()!;
const random = new RandomStream({ seed: 1, purpose: 'counters' });
const words = (count: number): Uint32Array => Uint32Array.from({ length: count }, () => random.nextWord());

describe('philoxBlocks()', () => {
  it.each([
    ['any counters', () => words(4), 9],
    ['a carry into the second word', () => Uint32Array.of(0xfffffffe, 7, 8, 9), 5],
    ['a carry out of both', () => Uint32Array.of(0xffffffff, 0xffffffff, 0, 0), 3],
    ['all of its memory', () => words(4), 4096],
  ])('gives the blocks of the plain form for %s', (_, counterOf, count) => {
    for (let trial = 0; trial < 20; trial++) {
      const counter = counterOf();
      const key = words(2);
      const all = blocks.fill(counter, key, count);
      expect(all).toHaveLength(4 * count);
      const own = Uint32Array.from(counter);
      const out = new Uint32Array(4);
      const expected = new Uint32Array(4 * count);
      for (let block = 0; block < count; block++) {
        philox4x32(own, key, out);
        expected.set(out, 4 * block);
        own[0] += 1;
        if (own[0] === 0) own[1] += 1;
      }
      expect(new Uint32Array(Int32Array.from(all).buffer)).toEqual(expected);
    }
  });
});

describe('dropoutMask(count, rate)', () => {
  it('takes the words of the stream in order, whatever was drawn before and however many', () => {
    for (const before of [0, 1, 2, 3, 4, 7]) {
      for (const count of [0, 1, 2, 7, 8, 9, 63, 1000, 40_001]) {
        const key = { seed: 5, purpose: 'mask', step: before };
        const [bulk, single] = [new RandomStream(key), new RandomStream(key)];
        for (let i = 0; i < before; i++) expect(bulk.nextWord()).toBe(single.nextWord());
        const mask = bulk.dropoutMask(count, 0.25);
        const expected = new Float32Array(count);
        for (let i = 0; i < count; i += 2) {
          const word = single.nextWord();
          expected[i] = (word & 0xffff) < 16_384 ? 0 : 4 / 3;
          if (i + 1 < count) expected[i + 1] = word >>> 16 < 16_384 ? 0 : 4 / 3;
        }
        expect(mask).toEqual(expected);
        expect(bulk.nextWord()).toBe(single.nextWord());
      }
    }
  });
});
