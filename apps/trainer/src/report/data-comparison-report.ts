import { intervalPlot } from '@cxr-align/report';
import type { DataComparison } from '../data/compare-data.js';
import { sayP } from '../data/data-comparison-text.js';
import { fixed } from '../maybe-number.js';
import type { ReportPage } from './write-report.js';

/** A page that holds two data sets against each other. */
export async function dataComparisonReport({
  a,
  b,
  labels,
  onlyA,
  onlyB,
  ...found
}: DataComparison): Promise<ReportPage> {
  const entries = Object.entries(labels);
  const rows = entries.flatMap(([label, shift]) =>
    (
      [
        ['a', a.name],
        ['b', b.name],
      ] as const
    ).map(([of, series]) => ({
      label,
      series: `${of}: ${series}`,
      value: shift[of].proportion,
      low: shift[of].interval[0],
      high: shift[of].interval[1],
    })),
  );
  const numbers = { age: found.age, ...found.images };
  const groups = { sex: found.sex, view: found.view };
  const names = (list: readonly string[]): string => list.join(', ') || 'none';
  return {
    title: `${a.name} and ${b.name}`,
    lead: `a: ${a.rows} images of ${a.patients} patients; b: ${b.rows} images of ${b.patients} patients.`,
    sections: [
      {
        heading: 'Labels',
        paragraphs: [
          'Share of images in which a label is present, with intervals of 95 % in which images of a patient count together. A label that b tells only by labels that imply it is present at least so often.',
          `Only a knows: ${names(onlyA)}. Only b knows: ${names(onlyB)}.`,
        ],
        figures:
          rows.length > 0
            ? [
                {
                  svg: await intervalPlot(rows, { title: 'Prevalence', axis: 'share of images' }),
                  description: 'Prevalence of each label in both',
                },
              ]
            : [],
        tables: [
          {
            caption: 'Prevalence of the labels that both know',
            header: ['label', 'in b', 'share in a', 'share in b', 'b − a', 'KL (nats)', 'p', 'p (Holm)'],
            rows: entries.map(([label, { from, relation, a: inA, b: inB, difference, kl, p, pHolm }]) => [
              label,
              `${relation === 'same' ? '=' : '⇐'} ${from.join(', ')}`,
              fixed(inA.proportion, 4),
              fixed(inB.proportion, 4),
              fixed(difference, 4),
              fixed(kl, 4),
              sayP(p),
              sayP(pHolm),
            ]),
          },
        ],
      },
      {
        heading: 'Images and people',
        paragraphs: [
          `In both: ${found.shared.images} images by name, ${found.shared.patients} patients by name${found.shared.sameBytes === null ? '' : `, ${found.shared.sameBytes} images by their bytes`}.`,
          `Labels together: Frobenius norm of the difference ${fixed(found.frobenius, 4) ?? 'undefined'}.`,
        ],
        tables: [
          {
            caption: 'Numbers',
            header: ['', 'mean in a', 'mean in b', 'standardised difference', 'KS'],
            rows: Object.entries(numbers).map(([name, { a: inA, b: inB, standardizedDifference, ks }]) => [
              name,
              fixed(inA.mean, 1),
              fixed(inB.mean, 1),
              fixed(standardizedDifference),
              fixed(ks),
            ]),
          },
          ...Object.entries(groups).map(([name, { a: inA, b: inB, totalVariation }]) => ({
            caption: `Images by ${name}; total variation ${fixed(totalVariation) ?? 'undefined'}`,
            header: [name, 'a', 'b'],
            rows: [...new Set([...Object.keys(inA), ...Object.keys(inB)])].map((group) => [
              group,
              inA[group] ?? 0,
              inB[group] ?? 0,
            ]),
          })),
        ],
      },
    ],
  };
}
