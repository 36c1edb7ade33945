import { subgroupPlot, type ReportSection, type ReportTable } from '@cxr-align/report';
import type { Evaluation } from '../evaluation/evaluation-schema.js';
import { fixed, fixedRange } from '../maybe-number.js';

/** Who is missed more often than others; nothing where no attribute is known. */
export async function fairnessSections({ fairness }: Evaluation): Promise<ReportSection[]> {
  if (fairness.length === 0) return [];
  const figures: NonNullable<ReportSection['figures']>[number][] = [];
  const tables: ReportTable[] = [];
  for (const { attribute, labels, missing } of fairness) {
    const rates = Object.entries(labels).flatMap(([label, { groups }]) =>
      Object.entries(groups).map(([group, s]) => ({ label, group, rate: s.truePositiveRate, small: s.small })),
    );
    figures.push({
      svg: await subgroupPlot(rates, `by ${attribute}`),
      description: `True positive rates by ${attribute}`,
    });
    const rows = Object.entries(labels).flatMap(([label, { groups, worst }]) =>
      Object.entries(groups).map(([group, scores]) => ({ label, group, isWorst: group === worst, ...scores })),
    );
    const readable = rows.filter(({ small }) => !small);
    const left = rows.length - readable.length;
    const remarks = [
      missing > 0 && `${missing} images without it are in no group`,
      left > 0 && `${left} of ${rows.length} rows with too few cases are left out here, and are in evaluation.json`,
    ].filter((one) => one !== false);
    tables.push({
      caption: [`By ${attribute}`, ...remarks].join('; '),
      header: [
        'label',
        'group',
        'images',
        'positives',
        'AUROC',
        'TPR',
        'FPR',
        'gap to the median',
        '95 %',
        'gap to the rest',
        '95 %',
        '',
      ],
      rows: readable.map((s) => [
        s.label,
        s.group,
        s.images,
        s.positives,
        fixed(s.auroc),
        fixed(s.truePositiveRate),
        fixed(s.falsePositiveRate),
        fixed(s.gapToMedian),
        fixedRange(s.gapToMedianCi),
        fixed(s.gapToRest),
        fixedRange(s.gapToRestCi),
        s.isWorst ? 'lowest' : '',
      ]),
    });
  }
  return [
    {
      heading: 'Groups',
      paragraphs: [
        'Rates at the threshold that all groups share. Hollow marks stand for groups with fewer than 20 positives or negatives: do not read them. For No Finding the false positive rate is the rate of under-diagnosis.',
      ],
      figures,
      tables,
    },
  ];
}
