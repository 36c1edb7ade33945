import fc from 'fast-check';

/** A change of a file's bytes. Places are shares of its length in [0, 1); `near` means the first 256 bytes, where headers are. */
export type Mutation =
  | { kind: 'flip'; at: number; near: boolean; bit: number }
  | { kind: 'byte'; at: number; near: boolean; value: number }
  | { kind: 'number'; at: number; near: boolean; width: 1 | 2 | 4 | 8; isLittle: boolean; value: bigint }
  | { kind: 'cut'; at: number; near: boolean }
  | { kind: 'remove'; at: number; near: boolean; length: number }
  | { kind: 'repeat'; at: number; near: boolean; length: number; times: number }
  | { kind: 'insert'; at: number; near: boolean; bytes: Uint8Array }
  | { kind: 'splice'; at: number; near: boolean; from: number; other: number };

/** Numbers at which counts, sizes and offsets overflow, and those that are just too large. */
const extremes = [0n, 1n, 2n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x10000n, 100_000_000n]
  .concat([0x7fffffffn, 0x80000000n, 0xfffffff0n, 0xffffffffn, 0x100000000n, 1n << 52n, (1n << 63n) - 1n, 1n << 63n])
  .concat([(1n << 64n) - 1n]);

const place = { at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), near: fc.boolean() };
const length = fc.oneof(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 512 }));

/** Any change of bytes. */
export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('flip' as const), ...place, bit: fc.nat(7) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('byte' as const), ...place, value: fc.nat(255) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('number' as const),
      ...place,
      width: fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const),
      isLittle: fc.boolean(),
      value: fc.constantFrom(...extremes),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), ...place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), ...place, length }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('repeat' as const),
      ...place,
      length,
      times: fc.integer({ min: 1, max: 64 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('insert' as const), ...place, bytes: fc.uint8Array({ maxLength: 64 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('splice' as const),
      ...place,
      from: place.at,
      other: fc.nat(1000),
    }),
  },
);

/** The bytes with a change. @param seeds valid files, which pieces are taken from. */
export function mutated(bytes: Uint8Array, change: Mutation, seeds: readonly Uint8Array[]): Uint8Array {
  const at = Math.floor(change.at * (change.near ? Math.min(256, bytes.length) : bytes.length));
  const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
  switch (change.kind) {
    case 'flip':
      return withBytes(bytes, at, [(bytes[at] ?? 0) ^ (1 << change.bit)]);
    case 'byte':
      return withBytes(bytes, at, [change.value]);
    case 'number': {
      const { width, isLittle, value } = change;
      const digits = Array.from({ length: width }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
      return withBytes(bytes, at, isLittle ? digits : digits.reverse());
    }
    case 'cut':
      return bytes.slice(0, at);
    case 'remove':
      return join(bytes.subarray(0, at), bytes.subarray(at + change.length));
    case 'repeat': {
      const block = bytes.subarray(at, at + change.length);
      return join(bytes.subarray(0, at), ...Array.from({ length: change.times }, () => block), bytes.subarray(at));
    }
    case 'insert':
      return join(bytes.subarray(0, at), change.bytes, bytes.subarray(at));
    case 'splice': {
      const other = seeds[change.other % seeds.length];
      return join(bytes.subarray(0, at), other.subarray(Math.floor(change.from * other.length)));
    }
  }
}

function withBytes(bytes: Uint8Array, at: number, values: readonly number[]): Uint8Array {
  const out = new Uint8Array(bytes);
  out.set(values.slice(0, Math.max(0, out.length - at)), at);
  return out;
}
