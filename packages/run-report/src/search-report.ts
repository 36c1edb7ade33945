import { scatterPanel, spreadPlot, type ReportCell, type ReportFigure, type ReportTable } from '@cxr-align/report';
import {
  epochsText,
  fixed,
  rankTrials,
  settingText,
  trialState,
  type MaybeNumber,
  type SearchSummary,
  type Trial,
} from '@cxr-align/evaluation';
import { scaleOfRange, type SearchRange } from '@cxr-align/experiments';
import { range, stripCell, stripHead } from './cells.js';
import { identityRows } from './identity-rows.js';
import { writeReport } from './write-report.js';

/** What a search has beside its summary. */
export interface SearchReportOptions {
  /** Writes the figures as PNG files, too. Default false. */
  png?: boolean;
  /** Folders of runs that have a report of their own, which the page links to. Default all whose training came to an end. */
  reported?: ReadonlySet<string>;
}

/** Writes `report.html` of a search: its trials from the best to the worst, and what each setting did. */
export async function searchReport(
  out: string,
  summary: SearchSummary,
  { png = false, reported }: SearchReportOptions = {},
): Promise<void> {
  const { data, space, seed, halving, trials, best, test, remarks } = summary;
  const keys = Object.keys(trials[0]?.settings ?? {});
  const page = {
    title: `Search of ${keys.length === 1 ? keys[0] : `${keys.length} settings`} on ${nameOf(data)}`,
    lead: leadOf(summary),
    notices: remarks.map((remark) => `${remark[0].toUpperCase()}${remark.slice(1)}.`),
    facts: [
      ['chosen on', `${nameOf(data)}, validation: the highest macro AUROC of ${trials.length} trials`],
      ...(best
        ? [['best settings', keys.map((key) => `${key} = ${settingText(best.settings[key])}`).join(', ')] as const]
        : []),
      [
        'searched',
        Object.entries(space)
          .map(([key, one]) => `${key}: ${spaceText(one)}`)
          .join('; '),
      ],
      ['random seed', String(seed)],
      ...(halving
        ? [
            [
              'halving',
              `after ${epochsText(halving.rungs.slice(0, -1))} the best 1 in ${halving.reduction} went on, to ${halving.rungs.at(-1)}`,
            ] as const,
          ]
        : []),
      ...(test
        ? [
            [
              'on test',
              `evaluated once, for the best trial: macro AUROC ${scoreText(test.auroc, test.aurocCi)}`,
            ] as const,
          ]
        : []),
      ...identityRows({ identity: test?.identity }),
    ] as const,
    sections: [
      {
        heading: 'Trials',
        id: 'trials',
        paragraphs: [
          'From the best to the worst, by the macro AUROC on validation after the last epoch that a trial was trained for. The best of many is partly luck: its score is too good, and trials a little below it may be as good.',
        ],
        tables: [trialTable(summary, keys, reported)],
      },
      {
        heading: 'Settings',
        id: 'settings',
        paragraphs: [
          'What each setting was against what the trial reached; the other settings differ, too.',
          ...(halving
            ? [
                'Trials that were left out early had fewer epochs: their scores are not those that they would have reached.',
              ]
            : []),
        ],
        figures: keys.map((key) => settingFigure(summary, key)),
      },
    ],
  };
  await writeReport(out, page, { png });
}

function nameOf(path: string): string {
  return path
    .replace(/[\\/]+$/, '')
    .split(/[\\/]/)
    .pop()!;
}

function scoreText(value: MaybeNumber, interval: [MaybeNumber, MaybeNumber]): string {
  const ends = range(interval, 3);
  return `${fixed(value) ?? 'undefined'}${ends === null ? '' : ` (95 % ${ends})`}`;
}

function leadOf({ trials, best, test }: SearchSummary): string {
  if (!best) return `None of ${trials.length} trials came to its end.`;
  const chosen = `Trial ${best.trial} of ${trials.length} is the best: macro AUROC ${fixed(best.validation) ?? 'undefined'} on validation, which chose it.`;
  return test ? `${chosen} On test, which chose nothing: ${scoreText(test.auroc, test.aurocCi)}.` : chosen;
}

/** What is searched of a key. */
function spaceText(one: unknown): string {
  if (Array.isArray(one)) return one.map(settingText).join(', ');
  const { from, to } = one as SearchRange;
  return `${from} to ${to} (${scaleOfRange(one as SearchRange)})`;
}

function trialTable(summary: SearchSummary, keys: readonly string[], reported?: ReadonlySet<string>): ReportTable {
  const { trials, best } = summary;
  const scores = trials.flatMap(({ rungs }) => rungs.at(-1)?.validation ?? []);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const scale = {
    domain: low < high ? ([low, high] as const) : ([low - 0.05, low + 0.05] as const),
    rules: low < high ? [low, high] : [],
  };
  return {
    caption: 'Each trial: what came of it, and its settings',
    isStacked: keys.length < 4,
    header: ['trial', 'outcome', stripHead(scale), 'AUROC', 'epochs', 'best epoch', ...keys],
    rows: rankTrials(trials).map((trial): ReportCell[] => {
      const { epochs, validation, bestEpoch, folder, error } = trial.rungs.at(-1)!;
      const isBest = trial.trial === best?.trial;
      const state = trialState(trial, summary);
      const hasReport = reported ? reported.has(folder) : error === undefined;
      return [
        { text: `trial ${trial.trial}`, ...(hasReport && { href: `${folder}/report.html` }) },
        { text: isBest ? 'the best' : state, ...(isBest ? { tone: 'good' } : error !== undefined && { tone: 'bad' }) },
        error === undefined ? stripCell([{ value: validation, low: null, high: null }], scale) : null,
        error === undefined ? fixed(validation) : null,
        epochs,
        error === undefined ? bestEpoch : null,
        ...keys.map((key) => settingText(trial.settings[key])),
      ];
    }),
  };
}

/** The score of each trial by the value of a key. */
function settingFigure(summary: SearchSummary, key: string): ReportFigure {
  const { trials, space, halving } = summary;
  const known = trials.filter(({ rungs }) => rungs.at(-1)?.error === undefined);
  const scoreOf = ({ rungs }: Trial): MaybeNumber => rungs.at(-1)!.validation;
  const seriesOf = ({ rungs }: Trial): number => Number(halving !== null && rungs.length < halving.rungs.length);
  const series = halving ? ['trained to the end', 'stopped early'] : [''];
  const one = space[key];
  const description = `Macro AUROC on validation of each trial by ${key}`;
  const axis = 'macro AUROC on validation';
  if (Array.isArray(one)) {
    const rows = one.map((value) => {
      const own = known.filter(({ settings }) => settingText(settings[key]) === settingText(value));
      return {
        label: settingText(value),
        values: own.map((trial) => ({ value: scoreOf(trial), series: seriesOf(trial) })),
      };
    });
    return { svg: spreadPlot(rows, { title: key, axis, series }), description };
  }
  const points = known.map((trial) => ({
    x: trial.settings[key] as number,
    y: scoreOf(trial),
    series: seriesOf(trial),
  }));
  const isLog = scaleOfRange(one as SearchRange) === 'log';
  return { svg: scatterPanel({ title: key, points, xTitle: key, yTitle: axis, series, isLog }), description };
}
