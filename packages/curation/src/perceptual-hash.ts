/** Pixels along the side of the image that a hash is made of. */
export const hashedSize = 64;
/** Rows and steps along a row of a hash: 256 bits. */
const rows = 16;
/** 32-bit words of a hash. */
export const hashWords = (rows * rows) / 32;

/**
 * A difference hash of an image: whether each of 16 × 16 places is darker than the one to its right. It hardly changes
 * with size, compression, brightness and contrast.
 *
 * @param pixels 64 × 64 grey values.
 * @returns 8 words of 32 bits.
 */
export function differenceHash(pixels: Uint8Array): Uint32Array {
  const columns = rows + 1;
  const means = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      means[row * columns + column] = boxMean(pixels, row, column, columns);
  const hash = new Uint32Array(hashWords);
  for (let bit = 0; bit < rows * rows; bit++) {
    const at = Math.floor(bit / rows) * columns + (bit % rows);
    if (means[at] + 1 < means[at + 1]) hash[bit >> 5] |= 1 << (bit & 31);
  }
  return hash;
}

/** Mean grey value of one of 16 × 17 boxes, parts of pixels by their share. */
function boxMean(pixels: Uint8Array, row: number, column: number, columns: number): number {
  const height = hashedSize / rows;
  const [from, to] = [(column * hashedSize) / columns, ((column + 1) * hashedSize) / columns];
  let sum = 0;
  for (let x = Math.floor(from); x < to; x++) {
    const share = Math.min(to, x + 1) - Math.max(from, x);
    for (let y = row * height; y < (row + 1) * height; y++) sum += share * pixels[y * hashedSize + x];
  }
  return sum / (height * (to - from));
}

/** Bits in which two hashes differ. */
export function hashDistance(hashes: Uint32Array, a: number, b: number): number {
  let distance = 0;
  for (let word = 0; word < hashWords; word++) {
    let bits = hashes[a * hashWords + word] ^ hashes[b * hashWords + word];
    bits -= (bits >>> 1) & 0x55555555;
    bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
    distance += (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
  }
  return distance;
}

/** One bit of each row, each further to the right: a black border alone makes no two of them equal. */
function diagonal(hashes: Uint32Array, image: number, first: number): number {
  let value = 0;
  for (let row = 0; row < rows; row++) {
    const bit = row * rows + ((row + first) % rows);
    value |= ((hashes[image * hashWords + (bit >> 5)] >>> (bit & 31)) & 1) << row;
  }
  return value;
}

/**
 * Visits every pair of hashes that differ in at most some bits, once, and keeps nothing of it. Hashes are cut into more pieces than
 * bits may differ, so that two of a pair have a piece in common: only hashes that share one are compared.
 *
 * @param most at most 15.
 */
export function visitNearPairs(
  hashes: Uint32Array,
  most: number,
  visit: (a: number, b: number, distance: number) => void,
): void {
  const count = hashes.length / hashWords;
  const pieces = new Uint16Array(count * rows);
  for (let i = 0; i < count; i++)
    for (let piece = 0; piece < rows; piece++) pieces[i * rows + piece] = diagonal(hashes, i, piece);
  // A pair that shares several pieces is visited at the first of them.
  const shareBefore = (a: number, b: number, piece: number): boolean => {
    for (let before = 0; before < piece; before++)
      if (pieces[a * rows + before] === pieces[b * rows + before]) return true;
    return false;
  };
  for (let piece = 0; piece < rows; piece++) {
    const sharing = new Map<number, number[]>();
    for (let i = 0; i < count; i++) {
      const value = pieces[i * rows + piece];
      const same = sharing.get(value);
      if (same) same.push(i);
      else sharing.set(value, [i]);
    }
    for (const same of sharing.values()) {
      for (let i = 0; i < same.length; i++) {
        for (let j = i + 1; j < same.length; j++) {
          const distance = hashDistance(hashes, same[i], same[j]);
          if (distance <= most && !shareBefore(same[i], same[j], piece)) visit(same[i], same[j], distance);
        }
      }
    }
  }
}
