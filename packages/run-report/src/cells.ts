import {
  intervalStrip,
  stripAxis,
  type ReportCell,
  type StripMark,
  type StripScale,
  type Tone,
} from '@cxr-align/report';
import { type Interval, type LabelEvaluation, type MaybeNumber, type Verdict, fixed } from '@cxr-align/evaluation';

/** What stands for a score of a label with too few images. */
export const tooFew = 'too few to tell';

/** A score of a label, or that there are too few images for it. */
export function scoreText(
  { reliability }: Pick<LabelEvaluation, 'reliability'>,
  value: MaybeNumber,
  digits?: number,
): string | null {
  return reliability === 'too few' ? tooFew : fixed(value, digits);
}

/** An interval in brackets; null where it is undefined. */
export function range([low, high]: Interval, digits = 2): string | null {
  return low === null || high === null
    ? null
    : `${low.toFixed(digits)} to ${high.toFixed(digits)}`.replaceAll('-', '−');
}

/** A value and its interval in a cell; null where it is undefined. */
export function withRange(value: MaybeNumber, interval: Interval, digits = 2): string | null {
  if (value === null) return null;
  const ends = range(interval, digits);
  const text = value.toFixed(digits).replace('-', '−');
  return ends === null ? text : `${text} (${ends})`;
}

/** The tone of each verdict. */
export const verdictTones: Readonly<Record<Verdict, Tone>> = {
  works: 'good',
  weak: 'fair',
  'at chance': 'bad',
  'worse than age, sex and view alone': 'bad',
  'too few': 'none',
};

/** The scale of AUROCs; wide enough for all of them. */
export function aurocScale(lows: readonly MaybeNumber[]): StripScale {
  const lowest = Math.min(0.45, ...lows.filter((low) => low !== null));
  return { domain: [lowest < 0.25 ? 0 : lowest < 0.4 ? 0.25 : 0.4, 1], rules: [0.5, 0.7, 1] };
}

/** The scale of differences, alike to both sides of 0. */
export function differenceScale(intervals: readonly Interval[]): StripScale {
  const ends = intervals.flat().filter((end) => end !== null);
  const most = Math.max(0.02, ...ends.map(Math.abs));
  const tick = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].findLast((one) => one <= most) ?? 0.01;
  return { domain: [-most, most], rules: [-tick, 0, tick] };
}

/** The scale of shares, from 0 to the largest. */
export function shareScale(ends: readonly MaybeNumber[]): StripScale {
  const most = Math.max(0.01, ...ends.filter((end) => end !== null));
  const tick = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1].findLast((one) => one <= most) ?? 0.01;
  return { domain: [0, most], rules: [0, tick] };
}

/** Intervals drawn in a cell. */
export function stripCell(marks: readonly StripMark[], scale: StripScale): ReportCell {
  return marks.every(({ value }) => value === null) ? null : { text: '', svg: intervalStrip(marks, scale) };
}

/** The head of a column of strips. */
export function stripHead(scale: StripScale): ReportCell {
  return { text: '', svg: stripAxis(scale) };
}
