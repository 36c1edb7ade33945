import { proportionDifference } from '@cxr-align/metrics';

/** How many images of a split have each label, of those where it is known. */
export interface SplitLabels {
  images: number;
  patients: number;
  labels: Readonly<Record<string, { positives: number; negatives: number }>>;
}

/** A label whose share of images differs between two splits. */
export interface PrevalenceDrift {
  label: string;
  /** The split with the lower share, and that with the higher one. */
  from: string;
  to: string;
  shares: [number, number];
  interval: [number, number];
}

/** By how much the larger share must exceed the smaller one, however sure the difference is. */
const smallestRatio = 1.5;

/** The rule of {@link prevalenceDrifts}. */
export const prevalenceRule = `a label is ${smallestRatio} times as frequent in one split as in another, and the interval of the difference of the two shares does not reach 0 (Newcombe's, 95 % for all labels and pairs of splits together; images of a patient count as one)`;

/**
 * Labels that are more frequent in one split than in another, the largest difference first, and among how many comparisons.
 *
 * @param splits by name; labels are compared by name.
 */
export function prevalenceDrifts(splits: Readonly<Record<string, SplitLabels>>): {
  drifts: PrevalenceDrift[];
  comparisons: number;
} {
  const names = Object.keys(splits).filter((name) => splits[name].images > 0);
  const pairs = names.flatMap((one, i) => names.slice(i + 1).map((other) => [one, other] as const));
  const compared = pairs.flatMap(([one, other]) =>
    Object.keys(splits[one].labels).flatMap((label) => {
      const both = [shareOf(splits[one], label), shareOf(splits[other], label)];
      if (both.some(({ size }) => !(size > 0))) return [];
      const isRising = both[0].share <= both[1].share;
      const [low, high] = isRising ? both : both.toReversed();
      return [{ label, low, high, from: isRising ? one : other, to: isRising ? other : one }];
    }),
  );
  const level = 1 - 0.05 / Math.max(1, compared.length);
  const drifts = compared.flatMap(({ label, low, high, from, to }): PrevalenceDrift[] => {
    const { interval } = proportionDifference([high.share, high.size], [low.share, low.size], level);
    const isDrift = interval[0] > 0 && high.share >= smallestRatio * low.share;
    return isDrift ? [{ label, from, to, shares: [low.share, high.share], interval }] : [];
  });
  const size = ({ shares: [low, high] }: PrevalenceDrift): number => high - low;
  return { drifts: drifts.sort((a, b) => size(b) - size(a)), comparisons: compared.length };
}

/** The share of images with a label, and the number of independent images that it rests on at least. */
function shareOf({ images, patients, labels }: SplitLabels, label: string): { share: number; size: number } {
  if (!Object.hasOwn(labels, label)) return { share: NaN, size: 0 };
  const { positives, negatives } = labels[label];
  const known = positives + negatives;
  return { share: positives / known, size: known * Math.min(1, patients / images) };
}
