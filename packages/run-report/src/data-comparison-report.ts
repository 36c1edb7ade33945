import type { ReportPage, StripMark } from '@cxr-align/report';
import type { DatasetComparison } from '@cxr-align/curation';
import { fixed, pText, signed } from '@cxr-align/evaluation';
import { shareScale, stripCell, stripHead } from './cells.js';

/** A page that holds two data sets against each other. */
export function dataComparisonReport({ a, b, labels, onlyA, onlyB, ...found }: DatasetComparison): ReportPage {
  const entries = Object.entries(labels);
  const scale = shareScale(entries.flatMap(([, shift]) => [shift.a.interval[1], shift.b.interval[1]]));
  const mark = ({ proportion: value, interval: [low, high] }: (typeof entries)[number][1]['a']): StripMark => ({
    value,
    low,
    high,
  });
  const numbers = { age: found.age, ...found.images };
  const groups = { sex: found.sex, view: found.view };
  const names = (list: readonly string[]): string => list.join(', ') || 'none';
  return {
    title: `${a.name} and ${b.name}`,
    lead: `a is ${a.name}: ${a.rows} images of ${a.patients} patients; b is ${b.name}: ${b.rows} images of ${b.patients} patients.`,
    sections: [
      {
        heading: 'Labels',
        paragraphs: [
          'Share of images in which a label is present, with intervals of 95 % in which images of a patient count together. A label that b determines only by labels that imply it is present at least so often.',
          `Only in a: ${names(onlyA)}. Only in b: ${names(onlyB)}.`,
        ],
        tables: [
          {
            caption: 'Share of images with the labels that both know; drawn: a ●, b ■',
            isStacked: true,
            canFilter: true,
            header: ['label', stripHead(scale), 'a', 'b', 'b − a', 'KL (nats)', 'p', 'p (Holm)', 'in b'],
            rows: entries.map(([label, { from, relation, a: inA, b: inB, difference, kl, p, pHolm }]) => [
              label,
              stripCell([mark(inA), mark(inB)], scale),
              fixed(inA.proportion, 4),
              fixed(inB.proportion, 4),
              difference === null ? null : signed(difference, 4),
              fixed(kl, 4),
              pText(p),
              pText(pHolm),
              `${relation === 'same' ? 'as' : 'at least as'} ${from.join(', ')}`,
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
              standardizedDifference === null ? null : signed(standardizedDifference),
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
