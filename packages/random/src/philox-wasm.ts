/** What is used of it; the libraries of TypeScript have it for browsers alone. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: object };
};

/** Many blocks of Philox at once, as WebAssembly computes them: it has the 64-bit product that JavaScript lacks. */
export interface PhiloxBlocks {
  /** The most blocks of one call. */
  most: number;
  /**
   * @param counter the first block's; the others count on from it, and it is left as it is.
   * @returns four words a block, signed; overwritten by the next call.
   */
  fill: (counter: Uint32Array, key: Uint32Array, blocks: number) => Int32Array;
}

/** The instructions that are used, as the binary format numbers them. */
const op = {
  loop: [0x03, 0x40],
  end: [0x0b],
  branchIf: [0x0d],
  get: [0x20],
  set: [0x21],
  tee: [0x22],
  store: [0x36],
  i32Const: [0x41],
  i64Const: [0x42],
  isZero: [0x45],
  add: [0x6a],
  subtract: [0x6b],
  xor: [0x73],
  multiply64: [0x7e],
  shiftRight64: [0x88],
  wrap: [0xa7],
  extend: [0xad],
};
const i32 = 0x7f;
const i64 = 0x7e;

/** A whole number in LEB128, signed. */
function signed(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const low = Number(rest & 127n);
    const isLast = (rest >> 6n === 0n || rest >> 6n === -1n) && rest >= -64n && rest < 64n;
    if (isLast) return [...bytes, low];
    bytes.push(low | 128);
  }
}

/** A count in LEB128. */
function count(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...count(value >>> 7)];
}

function section(id: number, content: number[]): number[] {
  return [id, ...count(content.length), ...content];
}

/** A module with `fill(c0, c1, c2, c3, k0, k1, blocks)`, which writes from the start of its memory. */
function moduleBytes(): Uint8Array {
  const [c0, c1, c2, c3, k0, k1, blocks] = [0, 1, 2, 3, 4, 5, 6];
  const [x0, x1, x2, x3, at, product0, product1] = [7, 8, 9, 10, 11, 12, 13];
  const get = (local: number): number[] => [...op.get, local];
  const set = (local: number): number[] => [...op.set, local];
  const i32Of = (value: number): number[] => [...op.i32Const, ...signed(BigInt(value | 0))];
  const productOf = (factor: number, word: number, to: number): number[] => [
    ...[...op.i64Const, ...signed(BigInt(factor)), ...get(word), ...op.extend, ...op.multiply64],
    ...set(to),
  ];
  const high = (product: number): number[] => [
    ...get(product),
    ...[...op.i64Const, ...signed(32n), ...op.shiftRight64, ...op.wrap],
  ];
  const mixed = (product: number, word: number, key: number, weyl: number, round: number, to: number): number[] => [
    ...[...high(product), ...get(word), ...op.xor],
    ...[...get(key), ...i32Of(Math.imul(weyl, round)), ...op.add, ...op.xor],
    ...set(to),
  ];
  const round = (number: number): number[] => [
    ...productOf(0xd2511f53, x0, product0),
    ...productOf(0xcd9e8d57, x2, product1),
    ...mixed(product1, x1, k0, 0x9e3779b9, number, x0),
    ...[...get(product1), ...op.wrap, ...set(x1)],
    ...mixed(product0, x3, k1, 0xbb67ae85, number, x2),
    ...[...get(product0), ...op.wrap, ...set(x3)],
  ];
  const pairs = [
    [c0, x0],
    [c1, x1],
    [c2, x2],
    [c3, x3],
  ];
  const body = [
    ...op.loop,
    ...pairs.flatMap(([from, to]) => [...get(from), ...set(to)]),
    ...Array.from({ length: 10 }, (_, number) => round(number)).flat(),
    // Aligned to four bytes, at offsets 0, 4, 8, 12.
    ...pairs.flatMap(([, word], i) => [...get(at), ...get(word), ...op.store, 2, 4 * i]),
    ...[...get(at), ...i32Of(16), ...op.add, ...set(at)],
    // The carry: c1 + (c0 + 1 = 0).
    ...[...get(c1), ...get(c0), ...i32Of(1), ...op.add, ...op.tee, c0, ...op.isZero, ...op.add, ...set(c1)],
    ...[...get(blocks), ...i32Of(1), ...op.subtract, ...op.tee, blocks, ...op.branchIf, 0],
    ...op.end,
    ...op.end,
  ];
  const locals = [2, 5, i32, 2, i64];
  const name = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 7, ...new Array<number>(7).fill(i32), 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...name('fill'), 0, 0, ...name('memory'), 2, 0]),
    ...section(10, [1, ...count(locals.length + body.length), ...locals, ...body]),
  ]);
}

type Fill = (...words: number[]) => void;

/** Makes the module; undefined where WebAssembly is not allowed. */
export function philoxBlocks(): PhiloxBlocks | undefined {
  let exports: { fill: Fill; memory: { buffer: ArrayBuffer } };
  try {
    exports = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes())).exports as typeof exports;
  } catch {
    return undefined;
  }
  const words = new Int32Array(exports.memory.buffer);
  return {
    most: words.length / 4,
    fill: (counter, key, blocks) => {
      exports.fill(counter[0], counter[1], counter[2], counter[3], key[0], key[1], blocks);
      return words.subarray(0, 4 * blocks);
    },
  };
}
