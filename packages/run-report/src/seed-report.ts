import { spreadPlot, type ReportCell, type ReportTable, type SpreadRow } from '@cxr-align/report';
import { fixed, macroSentence, type MaybeNumber, type SeedSummary, type Spread } from '@cxr-align/evaluation';
import { aurocScale, stripCell, stripHead, tooFew } from './cells.js';
import { drawnLabels } from './drawn-labels.js';
import { identityRows } from './identity-rows.js';
import { writeReport } from './write-report.js';

/** Writes `report.html` of a configuration that was trained with several random seeds: what they have in common, and how far they differ. */
export async function seedReport(
  out: string,
  summary: SeedSummary,
  { png = false }: { png?: boolean } = {},
): Promise<void> {
  const { identity, macro, seeds, data, split, samples, patients, method, labels } = summary;
  const few = Object.keys(labels).filter((label) => labels[label].reliability === 'too few');
  await writeReport(
    out,
    {
      title: `${seeds.length} random seeds on ${data}`,
      lead: `Macro AUROC ${spreadText(macro.auroc)}, ${macroSentence(summary)}.`,
      notices:
        split === 'val' && summary.runs.some(({ validation }) => validation !== null)
          ? ['Optimistic: this split chose the epoch and the thresholds of each run.']
          : [],
      facts: [
        ['evaluated on', `${data}, ${split}: ${samples} images of ${patients} patients`],
        ['seeds', seeds.join(', ')],
        ['method', method],
        ...(identity ? identityRows({ identity: { ...identity, model: 'of each run: see its page' } }) : []),
      ],
      sections: [
        { heading: 'Runs', id: 'runs', tables: [runTable(summary)] },
        {
          heading: 'Labels',
          id: 'labels',
          paragraphs: [
            'Each point is the AUROC of a run, the line across them their mean. What lies between the points is luck of the random seed: a difference to another configuration that is no larger shows nothing.',
            ...(few.length > 0
              ? [`Too few to tell, with fewer than 10 images with or without the label: ${few.join(', ')}.`]
              : []),
          ],
          figures: spreadFigure(summary),
          tables: [labelTable(summary)],
        },
      ],
    },
    { png },
  );
}

/** A spread as mean, standard deviation and range. */
function spreadText({ mean, sd, range: [low, high] }: Spread): string {
  if (mean === null || low === null || high === null) return 'undefined';
  return sd === null
    ? mean.toFixed(3)
    : `${mean.toFixed(3)} ± ${sd.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
}

function runTable({ runs, split, macro }: SeedSummary): ReportTable {
  const scale = aurocScale(runs.map(({ auroc }) => auroc));
  return {
    caption: `Macro AUROC of each run on validation, where its epoch was chosen, and on ${split}`,
    isStacked: true,
    header: ['seed', 'best epoch', 'on validation', stripHead(scale), `on ${split}`],
    rows: runs.map(({ seed, folder, bestEpoch, validation, auroc }) => [
      { text: `seed ${seed}`, href: `${folder}/report.html` },
      bestEpoch,
      fixed(validation),
      stripCell([{ value: auroc, low: null, high: null }], scale),
      fixed(auroc),
    ]),
    total: [
      'mean ± SD',
      null,
      null,
      stripCell([{ value: macro.auroc.mean, low: macro.auroc.range[0], high: macro.auroc.range[1] }], scale),
      meanText(macro.auroc),
    ],
  };
}

/** A mean with its standard deviation; null where it is undefined. */
function meanText({ mean, sd }: Spread): string | null {
  if (mean === null) return null;
  return sd === null ? mean.toFixed(3) : `${mean.toFixed(3)} ± ${sd.toFixed(3)}`;
}

/** Labels from the best to the worst; those with too few images last. */
function sorted({ labels }: SeedSummary): [string, SeedSummary['labels'][string]][] {
  const place = ({ reliability, auroc: { mean } }: SeedSummary['labels'][string]): number =>
    reliability === 'too few' ? -1 : (mean ?? -1);
  return Object.entries(labels).sort(([, a], [, b]) => place(b) - place(a));
}

function spreadFigure(summary: SeedSummary) {
  const all = sorted(summary);
  const { places, note } = drawnLabels(all.map(([, { positives }]) => positives));
  const row = (label: string, { mean, bySeed }: Spread): SpreadRow => ({
    label,
    values: bySeed.map((value) => ({ value })),
    mean,
  });
  const labels = places.map((place) => all[place]).filter(([, { reliability }]) => reliability !== 'too few');
  return [
    {
      svg: spreadPlot([row('macro', summary.macro.auroc), ...labels.map(([label, { auroc }]) => row(label, auroc))], {
        title: 'AUROC by random seed',
        axis: 'AUROC',
        rule: 0.5,
      }),
      description: `AUROC of the runs, and their mean${note === '' ? '' : `; ${note}`}; labels with too few images to tell are left out`,
    },
  ];
}

function labelTable(summary: SeedSummary): ReportTable {
  const { macro } = summary;
  const cells = (auroc: Spread): ReportCell[] => [
    fixed(auroc.mean),
    fixed(auroc.sd),
    auroc.range[0] === null || auroc.range[1] === null
      ? null
      : `${auroc.range[0].toFixed(3)} to ${auroc.range[1].toFixed(3)}`,
  ];
  const others = (scores: Record<(typeof otherScores)[number][0], Spread>): (string | null)[] =>
    otherScores.map(([key]) => meanText(scores[key]));
  return {
    caption: 'Mean and standard deviation over the seeds',
    canFilter: true,
    header: ['label', 'with', 'AUROC', 'SD', 'range', ...otherScores.map(([, name]) => name)],
    rows: sorted(summary).map(([label, scores]) =>
      scores.reliability === 'too few'
        ? [label, scores.positives, tooFew, null, null, ...otherScores.map((): MaybeNumber => null)]
        : [label, scores.positives, ...cells(scores.auroc), ...others(scores)],
    ),
    total: ['macro', null, ...cells(macro.auroc), ...others(macro)],
  };
}

const otherScores = [
  ['averagePrecision', 'average precision'],
  ['sensitivity', 'sensitivity'],
  ['specificity', 'specificity'],
  ['f1', 'F1'],
  ['brier', 'Brier score'],
  ['ece', 'ECE'],
] as const;
