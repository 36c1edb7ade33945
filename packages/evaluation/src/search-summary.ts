import type { Interval, MaybeNumber } from './evaluation-schema.js';
import { fixed, fixedRange } from './maybe-number.js';
import { terminalTable } from './terminal-table.js';

/** A trial of a search after so many epochs. */
export interface TrialRung {
  epochs: number;
  /** Its run, in the folder of the search. */
  folder: string;
  /** The highest macro AUROC on validation so far; null where it is undefined, or the numbers of the training became NaN. */
  validation: MaybeNumber;
  bestEpoch: number;
  /** Why its training ended before. */
  error?: string;
}

/** A trial of a search: settings, and how far they came. */
export interface Trial {
  /** From 1 on. */
  trial: number;
  /** Values of the keys that are searched. */
  settings: Readonly<Record<string, unknown>>;
  rungs: TrialRung[];
}

/** The content of `trials.json`. */
export interface SearchSummary {
  data: string;
  /** The split that chose. */
  split: 'val';
  /** Random seed of the settings. */
  seed: number;
  space: Readonly<Record<string, unknown>>;
  /** Epochs after which the worst trials were left out, and the share that went on: 1 in `reduction`; null without halving. */
  halving: { rungs: number[]; reduction: number } | null;
  /** In the order in which they were drawn. */
  trials: Trial[];
  best: (Pick<Trial, 'trial' | 'settings'> & Pick<TrialRung, 'folder' | 'validation' | 'bestEpoch'>) | null;
  /** The best trial on the test split, which nothing was chosen by; null where there is none, or it was not wanted. */
  test: { folder: string; auroc: MaybeNumber; aurocCi: Interval } | null;
  remarks: string[];
}

/** Trials from the best to the worst: those that came further first; of equal scores the one that was drawn first. */
export function rankTrials(trials: readonly Trial[]): Trial[] {
  const last = ({ rungs }: Trial): number => rungs.at(-1)?.validation ?? -Infinity;
  return [...trials].sort(
    (a, b) => b.rungs.length - a.rungs.length || compareNumbers(last(b), last(a)) || a.trial - b.trial,
  );
}

/** The trials that go on after a rung: the best of them, one in `reduction`, at least one. */
export function survivors(trials: readonly Trial[], reduction: number): Trial[] {
  const defined = rankTrials(trials).filter(({ rungs }) => rungs.at(-1)?.error === undefined);
  return defined.slice(0, Math.max(1, Math.ceil(trials.length / reduction)));
}

/** The difference of two numbers that may be infinite. */
function compareNumbers(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

/** Trials that are printed. */
const mostPrinted = 10;

/** A search for a terminal of 80 columns. */
export function searchText({ trials, best, test, halving, data, remarks }: SearchSummary): string {
  const ranked = rankTrials(trials);
  const keys = Object.keys(trials[0]?.settings ?? {});
  const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  const table = terminalTable(
    ['trial', 'epochs', 'validation', ...keys.map((key) => key.split('.').at(-1)!)],
    ranked.slice(0, mostPrinted).map(({ trial, rungs, settings }) => {
      const { epochs, validation, error } = rungs.at(-1)!;
      return [
        String(trial),
        String(epochs),
        error === undefined ? (fixed(validation) ?? '–') : 'NaN',
        ...keys.map((key) => shown(settings[key])),
      ];
    }),
  );
  const rest = trials.length - mostPrinted;
  return [
    ...table,
    ...(rest > 0 ? [`and ${rest} more, in trials.json`] : []),
    '',
    `${data}: macro AUROC on validation, which chose among ${trials.length} trials: that of the best is too good`,
    ...(halving
      ? [`after ${halving.rungs.slice(0, -1).join(', ')} epochs the best 1 in ${halving.reduction} went on`]
      : []),
    ...(best
      ? [`best: trial ${best.trial}, ${keys.map((key) => `${key}=${shown(best.settings[key])}`).join(' ')}`]
      : []),
    ...(test
      ? [`on test, looked at once: macro AUROC ${fixed(test.auroc) ?? '–'} [${fixedRange(test.aurocCi) ?? '–'}]`]
      : []),
    ...remarks.map((remark) => `remark: ${remark}`),
  ].join('\n');
}
