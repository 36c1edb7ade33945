import type { EvaluationIdentity, Interval, MaybeNumber } from './evaluation-schema.js';
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
  /** Epochs after which the worst trials were left out, and the share that continued: 1 in `reduction`; null without halving. */
  halving: { rungs: number[]; reduction: number } | null;
  /** In the order in which they were drawn. */
  trials: Trial[];
  best: (Pick<Trial, 'trial' | 'settings'> & Pick<TrialRung, 'folder' | 'validation' | 'bestEpoch'>) | null;
  /** The best trial on the test split, which nothing was chosen by; null where there is none, or it was not wanted. */
  test: { folder: string; auroc: MaybeNumber; aurocCi: Interval; identity?: EvaluationIdentity } | null;
  remarks: string[];
}

/** Trials from the best to the worst: those that came further first; of equal scores the one that was drawn first. */
export function rankTrials(trials: readonly Trial[]): Trial[] {
  const last = ({ rungs }: Trial): number => rungs.at(-1)?.validation ?? -Infinity;
  return [...trials].sort(
    (a, b) => b.rungs.length - a.rungs.length || compareNumbers(last(b), last(a)) || a.trial - b.trial,
  );
}

/** The trials that continue after a rung: the best of them, one in `reduction`, at least one. */
export function survivors(trials: readonly Trial[], reduction: number): Trial[] {
  const defined = rankTrials(trials).filter(({ rungs }) => rungs.at(-1)?.error === undefined);
  return defined.slice(0, Math.max(1, Math.ceil(trials.length / reduction)));
}

/** The difference of two numbers that may be infinite. */
function compareNumbers(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

/** A value of a setting, as it is written on the command line. */
export function settingText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What came of a trial: trained to the end, stopped early, or numbers that became NaN. */
export function trialState({ rungs }: Trial, { halving }: Pick<SearchSummary, 'halving'>): string {
  const { epochs, error } = rungs.at(-1)!;
  if (error !== undefined) return 'numbers became NaN';
  return halving && rungs.length < halving.rungs.length
    ? `stopped after ${epochsText([epochs])}`
    : 'trained to the end';
}

/** Numbers of epochs, in words. */
export function epochsText(epochs: readonly number[]): string {
  return `${epochs.join(', ')} ${epochs.length === 1 && epochs[0] === 1 ? 'epoch' : 'epochs'}`;
}

/** Trials that are printed. */
const mostPrinted = 10;
/** Columns of a terminal, and of a setting in it at most. */
const [terminal, mostOfSetting] = [80, 20];

/** A search for a terminal of 80 columns. */
export function searchText({ trials, best, test, halving, data, remarks }: SearchSummary): string {
  const ranked = rankTrials(trials);
  const keys = Object.keys(trials[0]?.settings ?? {});
  const rows = ranked.slice(0, mostPrinted).map(({ trial, rungs, settings }) => {
    const { epochs, validation, error } = rungs.at(-1)!;
    return {
      cells: [String(trial), String(epochs), error === undefined ? (fixed(validation) ?? '–') : 'NaN'],
      settings: keys.map((key) => cut(settingText(settings[key]))),
    };
  });
  const columns = keys.map((key, i) => ({
    head: cut(shortKey(key, keys)),
    cells: rows.map(({ settings }) => settings[i]),
  }));
  const shown = fitting(columns);
  const table = terminalTable(
    ['trial', 'epochs', 'validation', ...shown.map((i) => columns[i].head)],
    rows.map(({ cells, settings }) => [...cells, ...shown.map((i) => settings[i])]),
  );
  const rest = trials.length - mostPrinted;
  const ends = test && fixedRange(test.aurocCi);
  const hidden = keys.filter((_, i) => !shown.includes(i));
  return [
    ...table,
    ...(rest > 0 ? [`and ${rest} more, in trials.json`] : []),
    ...(hidden.length > 0 ? [`no room for ${hidden.join(', ')}: trials.json and report.html have them`] : []),
    '',
    `${data}: macro AUROC on validation, which chose among ${trials.length} trials: that of the best is too good`,
    ...(halving ? [`after ${epochsText(halving.rungs.slice(0, -1))} the best 1 in ${halving.reduction} went on`] : []),
    ...(best
      ? [`best: trial ${best.trial}, ${keys.map((key) => `${key}=${settingText(best.settings[key])}`).join(' ')}`]
      : []),
    ...(test
      ? [`on test, evaluated once: macro AUROC ${fixed(test.auroc) ?? '–'}${ends === null ? '' : ` [${ends}]`}`]
      : []),
    ...remarks.map((remark) => `remark: ${remark}`),
  ].join('\n');
}

/** The last part of a key; with the part before it where another key ends alike, or where it is `kind`. */
function shortKey(key: string, keys: readonly string[]): string {
  const parts = key.split('.');
  const last = parts.at(-1)!;
  if (parts.length > 1 && last === 'kind') return parts.at(-2)!;
  return keys.filter((other) => other.split('.').at(-1) === last).length > 1 ? key : last;
}

function cut(text: string): string {
  const signs = [...text];
  return signs.length <= mostOfSetting ? text : `${signs.slice(0, mostOfSetting - 1).join('')}…`;
}

/** The columns for which there is room beside those that every trial has: first those that come first. */
function fitting(columns: readonly { head: string; cells: readonly string[] }[]): number[] {
  let left = terminal - [...'trialepochsvalidation'].length - 4;
  return columns.flatMap(({ head, cells }, i) => {
    const width = 2 + Math.max(...[head, ...cells].map((text) => [...text].length));
    if (width > left) return [];
    left -= width;
    return [i];
  });
}
