import type { ImageFacts } from './image-facts.js';
import { hashWords, visitNearPairs } from './perceptual-hash.js';

/** Bits of 256 that images may differ in to count as nearly the same: other images of a patient differ in 16 or more. */
export const nearBits = 12;

/** Visits every pair of images with nearly the same pixels; images of one grey value, and unread ones, are in none. */
export function nearPairs(facts: readonly ImageFacts[], visit: (a: number, b: number) => void): void {
  const rows = facts.flatMap((one, row) => ('reason' in one || one.std === 0 ? [] : [row]));
  const hashes = new Uint32Array(rows.length * hashWords);
  rows.forEach((row, i) => hashes.set((facts[row] as Exclude<ImageFacts, { reason: string }>).hash, i * hashWords));
  visitNearPairs(hashes, nearBits, (a, b) => visit(rows[a], rows[b]));
}
