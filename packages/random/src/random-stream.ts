import { philoxBlocks, type PhiloxBlocks } from './philox-wasm.js';
import { philox4x32 } from './philox.js';

let compiled: { blocks?: PhiloxBlocks } | undefined;

/** Compiled when first used; undefined where WebAssembly is not allowed. */
function wasmBlocks(): PhiloxBlocks | undefined {
  return (compiled ??= { blocks: philoxBlocks() }).blocks;
}

/** What a stream of random numbers is for: the same key gives the same stream. */
export interface RandomKey {
  /** The run's seed: an integer in [0, 2³²). */
  seed: number;
  /** What the numbers are for, such as `dropout/encoder.0`; streams of different purposes are independent. */
  purpose: string;
  /** Default 0. */
  epoch?: number;
  /** Optimiser step, or any other counter within the purpose. Default 0. */
  step?: number;
}

/**
 * A stream of random numbers that is a pure function of its key: counter-based, so that any epoch or step can be
 * drawn again without drawing what came before, on any machine.
 *
 * @example
 * const random = new RandomStream({ seed: 7, purpose: 'order', epoch: 3 });
 * random.permutation(4); // the same four numbers in every process
 */
export class RandomStream {
  private readonly key: Uint32Array;
  private readonly counter: Uint32Array;
  private readonly block = new Uint32Array(4);
  private used = 4;
  private spareNormal = NaN;

  /** @throws {RangeError} if seed, epoch or step is not an integer in [0, 2³²). */
  constructor(key: RandomKey) {
    const [seed, purpose, step, epoch] = streamWords(key);
    this.key = Uint32Array.of(seed, purpose);
    this.counter = Uint32Array.of(0, 0, step, epoch);
  }

  /** The next unsigned 32-bit word. */
  nextWord(): number {
    if (this.used === 4) this.refill();
    return this.block[this.used++];
  }

  private refill(): void {
    philox4x32(this.counter, this.key, this.block);
    this.count(1);
    this.used = 0;
  }

  private count(drawn: number): void {
    const before = this.counter[0];
    this.counter[0] += drawn;
    if (this.counter[0] < before) this.counter[1] += 1;
  }

  /** A number in [0, 1), in steps of 2⁻³². */
  uniform(): number {
    return this.nextWord() / 4294967296;
  }

  /** A number from the normal distribution with mean 0 and standard deviation 1 (Box and Muller). */
  normal(): number {
    if (!Number.isNaN(this.spareNormal)) {
      const spare = this.spareNormal;
      this.spareNormal = NaN;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** An integer in [0, limit), each equally likely. @throws {RangeError} if `limit` is not in [1, 2³²]. */
  integer(limit: number): number {
    if (!Number.isInteger(limit) || limit < 1 || limit > 4294967296) {
      throw new RangeError(
        `random/integer: expected an integer limit in [1, 2^32], got ${limit}; try the number of choices`,
      );
    }
    const fair = 4294967296 - (4294967296 % limit);
    let word = this.nextWord();
    while (word >= fair) word = this.nextWord();
    return word % limit;
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** The numbers 0 … count − 1 in random order (Fisher and Yates). */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }

  /** `count` numbers in [low, high). */
  uniforms(count: number, low = 0, high = 1): Float32Array {
    return Float32Array.from({ length: count }, () => low + (high - low) * this.uniform());
  }

  /** `count` numbers from the normal distribution with mean 0. */
  normals(count: number, standardDeviation = 1): Float32Array {
    return Float32Array.from({ length: count }, () => standardDeviation * this.normal());
  }

  /**
   * `count` entries of a dropout mask: 0 with probability `rate`, else 1 / (1 − rate). Sixteen bits decide each, so `rate` is
   * rounded to multiples of 2⁻¹⁶.
   *
   * @throws {RangeError} if `rate` is not in [0, 1).
   */
  dropoutMask(count: number, rate: number): Float32Array {
    if (!(rate >= 0 && rate < 1))
      throw new RangeError(`random/dropoutMask: expected a rate in [0, 1), got ${rate}; try 0 to keep all`);
    const mask = new Float32Array(count);
    // The bits of the kept value, masked: without a branch, which a processor could not predict.
    const bits = new Int32Array(mask.buffer);
    const [keep] = new Int32Array(Float32Array.of(1 / (1 - rate)).buffer);
    const limit = Math.round(rate * 65536);
    for (let i = 0; i < count;) {
      const words = this.nextWords(Math.ceil((count - i) / 2));
      for (let at = 0; at < words.length; at++, i += 2) {
        const word = words[at];
        bits[i] = keep & ~(((word & 0xffff) - limit) >> 31);
        // For an odd count the last write falls outside of the array, and does nothing.
        bits[i + 1] = keep & ~(((word >>> 16) - limit) >> 31);
      }
    }
    return mask;
  }

  /**
   * Up to `most` of the next words, at least one. They are signed: JavaScript engines keep those as machine integers, where
   * unsigned ones may become floating-point numbers. Overwritten by the next draw.
   */
  private nextWords(most: number): Int32Array {
    const blocks = this.used === 4 && most >= 8 ? wasmBlocks() : undefined;
    if (blocks) {
      const whole = Math.min(Math.floor(most / 4), blocks.most);
      const words = blocks.fill(this.counter, this.key, whole);
      this.count(whole);
      return words;
    }
    if (this.used === 4) this.refill();
    const begin = this.used;
    this.used = Math.min(4, begin + most);
    return new Int32Array(this.block.buffer).subarray(begin, this.used);
  }
}

/**
 * The four words that determine a stream: Philox's key (seed, hash of the purpose), and the upper two words of its counter
 * (step, epoch), whose lower two count blocks from 0. For code that draws the same numbers elsewhere, say on a device.
 *
 * @throws {RangeError} if seed, epoch or step is not an integer in [0, 2³²).
 */
export function streamWords({ seed, purpose, epoch = 0, step = 0 }: RandomKey): Uint32Array {
  for (const [name, value] of Object.entries({ seed, epoch, step })) {
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
      throw new RangeError(
        `random/RandomStream: expected ${name} to be an integer in [0, 2^32), got ${value}; try Math.round`,
      );
    }
  }
  return Uint32Array.of(seed, hashString(purpose), step, epoch);
}

/** A 32-bit hash of a text (FNV-1a, then a finaliser so that similar texts differ in every bit). */
export function hashString(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
