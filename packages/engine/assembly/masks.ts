// Dropout masks as packages/random draws them, bit for bit: Philox 4x32-10, sixteen bits an entry.
import { number, whole } from './arguments';

/** A mask: its key, the limit below which an entry is dropped, and what the others are multiplied by. */
let seed: i32 = 0;
let purpose: i32 = 0;
let step: i32 = 0;
let epoch: i32 = 0;
let least: v128 = i64x2.splat(0);
let kept: v128 = i64x2.splat(0);

/** Entries that four blocks side by side decide. */
const together = 32;

/**
 * Sets the mask that {@link fillMask} draws, by six arguments from `first` on: the four words of its key; the limit of 2¹⁶ below
 * which an entry's number means that it is dropped; what the others are multiplied by.
 *
 * @returns whether anything is dropped.
 */
export function useMask(first: i32): bool {
  seed = whole(first);
  purpose = whole(first + 1);
  step = whole(first + 2);
  epoch = whole(first + 3);
  const limit = whole(first + 4);
  least = i16x8.splat(<i16>limit);
  kept = f32x4.splat(number(first + 5));
  return limit > 0;
}

/** Eight entries by the four words of a block. */
@inline
function eight(words: v128, to: usize): void {
  const stays = i16x8.ge_u(words, least);
  v128.store(to, v128.and(i32x4.extend_low_i16x8_s(stays), kept));
  v128.store(to, v128.and(i32x4.extend_high_i16x8_s(stays), kept), 16);
}

/** The entries of four blocks from `block` on. */
function draw(block: i64, to: usize): void {
  const multiplier0 = i32x4.splat(<i32>0xd2511f53);
  const multiplier1 = i32x4.splat(<i32>0xcd9e8d57);
  // The lower word passes its limit between groups of four alone, for four divides it.
  let x0 = i32x4.add(i32x4.splat(<i32>block), i32x4(0, 1, 2, 3));
  let x1 = i32x4.splat(<i32>(block >> 32));
  let x2 = i32x4.splat(step);
  let x3 = i32x4.splat(epoch);
  let k0 = seed;
  let k1 = purpose;
  for (let round = 0; round < 10; round++) {
    const firstLow = i64x2.extmul_low_i32x4_u(multiplier0, x0);
    const firstHigh = i64x2.extmul_high_i32x4_u(multiplier0, x0);
    const secondLow = i64x2.extmul_low_i32x4_u(multiplier1, x2);
    const secondHigh = i64x2.extmul_high_i32x4_u(multiplier1, x2);
    x0 = v128.xor(v128.xor(v128.shuffle<i32>(secondLow, secondHigh, 1, 3, 5, 7), x1), i32x4.splat(k0));
    x1 = v128.shuffle<i32>(secondLow, secondHigh, 0, 2, 4, 6);
    x2 = v128.xor(v128.xor(v128.shuffle<i32>(firstLow, firstHigh, 1, 3, 5, 7), x3), i32x4.splat(k1));
    x3 = v128.shuffle<i32>(firstLow, firstHigh, 0, 2, 4, 6);
    k0 += <i32>0x9e3779b9;
    k1 += <i32>0xbb67ae85;
  }
  const low01 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
  const low23 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
  const high23 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
  eight(v128.shuffle<i64>(low01, low23, 0, 2), to);
  eight(v128.shuffle<i64>(low01, low23, 1, 3), to + 32);
  eight(v128.shuffle<i64>(high01, high23, 0, 2), to + 64);
  eight(v128.shuffle<i64>(high01, high23, 1, 3), to + 96);
}

/** The entries [begin, end) of the mask. @param spare 128 bytes for what lies over the ends. */
export function fillMask(begin: i64, end: i64, to: usize, spare: usize): void {
  for (let start = begin - (begin % together); start < end; start += together) {
    if (start >= begin && start + together <= end) {
      draw(start / 8, to);
      to += together * 4;
    } else {
      draw(start / 8, spare);
      const from = max(begin, start);
      const count = <usize>(min(end, start + together) - from) << 2;
      memory.copy(to, spare + (<usize>(from - start) << 2), count);
      to += count;
    }
  }
}
