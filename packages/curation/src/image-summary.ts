import type { Sample } from '@cxr-align/datasets';
import { quantile } from '@cxr-align/metrics';
import type { ImageFacts } from './image-facts.js';
import { summarizePixelRanges, type PixelRanges } from './pixel-ranges.js';
import { DuplicateTally, type Duplicates, type ImageGroup, joinGroups } from './duplicates.js';
import { nearBits } from './near-pairs.js';
import { hashWords, visitNearPairs } from './perceptual-hash.js';

/** What the images of a data set are like. */
export interface ImageSummary {
  checked: number;
  unreadable: string[];
  width: Spread | null;
  height: Spread | null;
  /** Mean and standard deviation of the grey values of an image, in [0, 255]. */
  mean: Spread | null;
  std: Spread | null;
  /** Images of one grey value alone. */
  constant: string[];
  /** How the pixels are stored, and whether the set mixes ranges. */
  ranges: PixelRanges;
  sameBytes: Duplicates;
  nearlySame: Duplicates;
}

/** The smallest, middle and largest value. */
export interface Spread {
  min: number;
  median: number;
  max: number;
}

/** Puts together what was seen of each image. @param facts of the samples, in their order. */
export function summarizeImages(samples: readonly Sample[], facts: readonly ImageFacts[]): ImageSummary {
  const read = facts.flatMap((one, at) => ('reason' in one ? [] : [{ ...one, sample: samples[at] }]));
  const spread = (values: number[]): Spread | null =>
    values.length === 0 ? null : { min: quantile(values, 0), median: quantile(values, 0.5), max: quantile(values, 1) };
  const same = new DuplicateTally();
  for (const group of groupsBy(read, ({ content }) => content)) if (group.ids.length > 1) same.add(group, 0);
  const varied = read.filter(({ std }) => std > 0);
  return {
    checked: facts.length,
    unreadable: facts.flatMap((one) => ('reason' in one ? [one.reason] : [])),
    width: spread(read.map(({ width }) => width)),
    height: spread(read.map(({ height }) => height)),
    mean: spread(read.map(({ mean }) => mean)),
    std: spread(read.map(({ std }) => std)),
    constant: read.filter(({ std }) => std === 0).map(({ id }) => id),
    ranges: summarizePixelRanges(read),
    sameBytes: same.result(),
    nearlySame: nearlySame(varied),
  };
}

type ReadImage = Exclude<ImageFacts, { reason: string }> & { sample: Sample };

/** Groups of images with nearly the same pixels: those of one hash, and of every two hashes that differ in a few bits. */
function nearlySame(images: readonly ReadImage[]): Duplicates {
  const tally = new DuplicateTally();
  const groups = groupsBy(images, ({ hash }) => hash.join());
  const hashes = new Uint32Array(groups.length * hashWords);
  groups.forEach(({ first }, i) => hashes.set(first.hash, i * hashWords));
  // Those of the same bytes are counted on their own.
  for (const group of groups) if (group.contents > 1) tally.add(group, 0);
  visitNearPairs(hashes, nearBits, (a, b, distance) => tally.add(joinGroups(groups[a], groups[b]), distance));
  return tally.result();
}

/** Images with the same key, in their order. */
function groupsBy(
  images: readonly ReadImage[],
  keyOf: (image: ReadImage) => string,
): (ImageGroup & { first: ReadImage; contents: number })[] {
  const byKey = new Map<string, ReadImage[]>();
  for (const image of images) {
    const key = keyOf(image);
    const group = byKey.get(key);
    if (group) group.push(image);
    else byKey.set(key, [image]);
  }
  return [...byKey.values()].map((group) => ({
    first: group[0],
    contents: new Set(group.map(({ content }) => content)).size,
    ids: group.map(({ sample }) => sample.id),
    splits: new Set(group.map(({ sample }) => sample.split)),
    patients: new Set(group.map(({ sample }) => sample.patient)),
  }));
}
