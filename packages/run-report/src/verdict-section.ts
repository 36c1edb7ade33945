import type { ReportCard, ReportSection, Tone } from '@cxr-align/report';
import {
  type Evaluation,
  type MaybeNumber,
  type SplitLabels,
  type Worry,
  alarmLines,
  verdictRule,
  worriesOf,
  worryRules,
} from '@cxr-align/evaluation';
import { isPrevalenceGiven, verdictTable } from './label-sections.js';

const headings: Readonly<Record<Worry['kind'], string>> = {
  shortcut: 'Shortcuts',
  drift: 'Drift between splits',
  groups: 'Groups of people',
};
const tones: Readonly<Record<Worry['state'], Tone>> = { worry: 'bad', fine: 'good', unknown: 'none' };

/** What can be used, label by label, the best first, beside the three things to worry about. */
export function verdictSection(
  evaluation: Evaluation,
  {
    labels,
    validation,
    splits,
    places,
  }: {
    labels: readonly string[];
    validation?: MaybeNumber;
    splits?: Readonly<Record<string, SplitLabels>>;
    places: ReadonlySet<string>;
  },
): ReportSection {
  const cards = worriesOf(evaluation, { validation, splits }).map(({ kind, state, value, sentence }): ReportCard => ({
    heading: headings[kind],
    tone: tones[state],
    value,
    text: sentence,
    ...(places.has(kind) && { href: `#${kind}` }),
  }));
  return {
    heading: 'Verdicts',
    id: 'verdicts',
    cards,
    paragraphs: alarmLines(evaluation, { labels: alarmLabels(evaluation, labels) }).map((line) => `${line}.`),
    tables: [verdictTable(evaluation, labels)],
    sections: [
      {
        heading: 'The rules',
        isFolded: true,
        facts: [
          ['verdicts', verdictRule],
          ...Object.entries(worryRules).map(([kind, rule]): [string, string] => [
            headings[kind as Worry['kind']],
            rule,
          ]),
        ],
      },
    ],
  };
}

/** Labels whose alarms of a day are reported: those whose prevalence was given; where films a day alone were, all. */
function alarmLabels({ labels: scores, filmsPerDay }: Evaluation, labels: readonly string[]): readonly string[] {
  const given = labels.filter((label) => isPrevalenceGiven(scores[label]));
  return given.length === 0 && filmsPerDay !== undefined ? labels : given;
}

/** How many labels have each verdict. */
export function verdictCounts({ labels }: Pick<Evaluation, 'labels'>): string {
  const counts = new Map<string, number>();
  for (const { verdict } of Object.values(labels)) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  return ['works', 'weak', 'at chance', 'worse than age, sex and view alone', 'too few']
    .filter((verdict) => counts.has(verdict))
    .map((verdict) => `${verdict} ${counts.get(verdict)}`)
    .join(', ');
}
