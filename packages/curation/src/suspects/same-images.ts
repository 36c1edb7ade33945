import type { ImageFacts } from '../image-facts.js';
import { nearPairs } from '../near-pairs.js';

/**
 * Pairs of rows whose images are the same: by the hashes of their bytes, and where pixels were read, nearly by these.
 *
 * @param contents of each row: a key of its bytes; empty where it is unknown.
 * @param facts of each row, where its pixels were read.
 */
export function sameImages(contents: readonly string[], facts: readonly ImageFacts[] | null): [number, number][] {
  const pairs = new Map<string, [number, number]>();
  const add = (a: number, b: number): void =>
    void pairs.set(`${Math.min(a, b)} ${Math.max(a, b)}`, a < b ? [a, b] : [b, a]);
  const first = new Map<string, number>();
  contents.forEach((content, row) => {
    const known = first.get(content);
    if (known === undefined) first.set(content, row);
    else if (content !== '') add(known, row);
  });
  if (facts) nearPairs(facts, add);
  return [...pairs.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}
