import type { BinaryProblem } from './binary-problem.js';
import type { HeadOptions, HeadProblem } from './head.js';

/** The known targets of one label, and whether both classes are among them. */
export interface LabelRows extends BinaryProblem {
  /** Images with and without the label; soft targets count in part. */
  positives: number;
  negatives: number;
}

/**
 * The rows of a label whose target is known, in all views, each view with its share of the image's weight.
 *
 * @param images those that are used; all unless given.
 */
export function labelRows(
  { targets, labels, views = 1 }: Pick<HeadProblem, 'targets' | 'labels' | 'views'>,
  label: number,
  { balance, images }: Pick<HeadOptions, 'balance'> & { images: ArrayLike<number> },
): LabelRows {
  const rows: number[] = [];
  const own: number[] = [];
  let positives = 0;
  let negatives = 0;
  for (let i = 0; i < images.length; i++) {
    const target = targets[images[i] * labels.length + label];
    if (Number.isNaN(target)) continue;
    positives += target;
    negatives += 1 - target;
    for (let view = 0; view < views; view++) {
      rows.push(images[i] * views + view);
      own.push(target);
    }
  }
  const half = (positives + negatives) / 2;
  const isBalanced = balance === 'balanced' && positives > 0 && negatives > 0;
  return {
    rows: Int32Array.from(rows),
    targets: Float64Array.from(own),
    present: new Float64Array(rows.length).fill((isBalanced ? half / positives : 1) / views),
    absent: new Float64Array(rows.length).fill((isBalanced ? half / negatives : 1) / views),
    positives,
    negatives,
  };
}

/** Whether a label can be fitted: both classes occur. */
export function hasBothClasses({ positives, negatives }: LabelRows): boolean {
  return positives > 0 && negatives > 0;
}

/** The score of a label that cannot be fitted: the log-odds of its share, each class counted half a time more. */
export function constantLogit({ positives, negatives }: Pick<LabelRows, 'positives' | 'negatives'>): number {
  return Math.log((positives + 0.5) / (negatives + 0.5));
}

/** The labels that could not be fitted, in a sentence; none where all were. */
export function constantRemarks(labels: readonly string[], isConstant: readonly boolean[]): string[] {
  const names = labels.filter((_, i) => isConstant[i]);
  return names.length === 0
    ? []
    : [
        `${names.length} of ${labels.length} labels have one class alone in the training images and get the same score for every image: ${names.join(', ')}`,
      ];
}

/** The numbers from 0 on. */
export function firstNumbers(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i);
}
