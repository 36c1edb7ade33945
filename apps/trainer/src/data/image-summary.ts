import type { Sample } from '@cxr-align/datasets';
import { quantile } from '@cxr-align/metrics';
import type { ImageFacts } from './image-facts.js';
import { hashWords, nearPairs } from './perceptual-hash.js';

/** Bits of 256 that images may differ in to count as nearly the same: other images of a patient differ in 16 or more. */
const nearBits = 12;
/** Pairs and groups that are named. */
const named = 20;

/** Images that are the same, byte by byte or nearly. */
export interface SameImages {
  images: string[];
  splits: string[];
  patients: string[];
  /** Bits of 256 in which their hashes differ; 0 for the same bytes. */
  distance: number;
}

/** What the images of a data set are like. */
export interface ImageSummary {
  checked: number;
  unreadable: string[];
  width: Spread | null;
  height: Spread | null;
  /** Mean and standard deviation of the grey values of an image, in [0, 255]. */
  mean: Spread | null;
  deviation: Spread | null;
  /** Images of one grey value alone. */
  constant: string[];
  sameBytes: Duplicates;
  nearlySame: Duplicates;
}

/** The smallest, middle and largest value. */
export interface Spread {
  min: number;
  median: number;
  max: number;
}

/** How many groups of the same images there are, and the first of them, those over several splits before others. */
export interface Duplicates {
  groups: number;
  overSplits: number;
  overPatients: number;
  examples: SameImages[];
}

/** Puts together what was seen of each image. @param facts of the samples, in their order. */
export function summarizeImages(samples: readonly Sample[], facts: readonly ImageFacts[]): ImageSummary {
  const read = facts.flatMap((one, at) => ('reason' in one ? [] : [{ ...one, sample: samples[at] }]));
  const spread = (values: number[]): Spread | null =>
    values.length === 0 ? null : { min: quantile(values, 0), median: quantile(values, 0.5), max: quantile(values, 1) };
  const byContent = new Map<string, Sample[]>();
  for (const { content, sample } of read) {
    const group = byContent.get(content);
    if (group) group.push(sample);
    else byContent.set(content, [sample]);
  }
  const same = [...byContent.values()].filter((group) => group.length > 1).map((group) => sameImages(group, 0));
  const varied = read.filter(({ deviation }) => deviation > 0);
  const hashes = new Uint32Array(varied.length * hashWords);
  varied.forEach(({ hash }, i) => hashes.set(hash, i * hashWords));
  const near = nearPairs(hashes, nearBits)
    .filter(({ a, b }) => varied[a].content !== varied[b].content)
    .map(({ a, b, distance }) => sameImages([varied[a].sample, varied[b].sample], distance));
  return {
    checked: facts.length,
    unreadable: facts.flatMap((one) => ('reason' in one ? [one.reason] : [])),
    width: spread(read.map(({ width }) => width)),
    height: spread(read.map(({ height }) => height)),
    mean: spread(read.map(({ mean }) => mean)),
    deviation: spread(read.map(({ deviation }) => deviation)),
    constant: read.filter(({ deviation }) => deviation === 0).map(({ id }) => id),
    sameBytes: duplicates(same),
    nearlySame: duplicates(near),
  };
}

function sameImages(group: readonly Sample[], distance: number): SameImages {
  const distinct = (values: string[]): string[] => [...new Set(values)];
  return {
    images: group.map(({ id }) => id),
    splits: distinct(group.map(({ split }) => split)),
    patients: distinct(group.map(({ patient }) => patient)),
    distance,
  };
}

function duplicates(groups: readonly SameImages[]): Duplicates {
  const worst = [...groups].sort(
    (a, b) => b.splits.length - a.splits.length || b.patients.length - a.patients.length || a.distance - b.distance,
  );
  return {
    groups: groups.length,
    overSplits: groups.filter(({ splits }) => splits.length > 1).length,
    overPatients: groups.filter(({ patients }) => patients.length > 1).length,
    examples: worst.slice(0, named),
  };
}
