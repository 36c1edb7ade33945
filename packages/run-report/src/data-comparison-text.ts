import { fixed, pText, signed, terminalTable } from '@cxr-align/evaluation';
import type { DatasetComparison, GroupShift, NumberShift } from '@cxr-align/curation';

/** A comparison of data sets for people, on a terminal. */
export function dataComparisonText({ a, b, labels, onlyA, onlyB, ...found }: DatasetComparison): string {
  const number = (value: number | null, digits = 3): string => fixed(value, digits) ?? '–';
  const names = (list: readonly string[]): string => list.join(', ') || 'none';
  return [
    `a: ${a.name}, ${a.rows} images of ${a.patients} patients; b: ${b.name}, ${b.rows} images of ${b.patients} patients`,
    `in both: ${found.shared.images} images by name${found.shared.sameBytes === null ? '' : `, ${found.shared.sameBytes} by their bytes`}, ${found.shared.patients} patients by name`,
    '',
    ...terminalTable(
      ['label', 'a', 'b', 'b − a', 'KL', 'p', 'p (Holm)'],
      Object.entries(labels).map(([label, { a: inA, b: inB, difference, kl, p, pHolm }]) => [
        label,
        number(inA.proportion),
        number(inB.proportion),
        signed(difference),
        number(kl, 4),
        pText(p) ?? '–',
        pText(pHolm) ?? '–',
      ]),
    ),
    ...Object.entries(labels).flatMap(([label, { relation, from }]) => {
      if (relation === 'narrower') return [`${label} in b: at least, by ${from.join(', ')}`];
      return from[0] === label ? [] : [`${label} in b: ${from.join(', ')}`];
    }),
    '',
    `labels only in a: ${names(onlyA)}; only in b: ${names(onlyB)}`,
    `labels together: Frobenius norm of the difference ${number(found.frobenius, 4)}, ${found.frobeniusRelative === null ? '–' : `${(100 * found.frobeniusRelative).toFixed(0)} %`} of that in a`,
    groupLine('sex', found.sex),
    groupLine('view', found.view),
    numberLine('age', found.age),
    ...(found.images ? Object.entries(found.images).map(([name, shift]) => numberLine(`image ${name}`, shift)) : []),
  ].join('\n');
}

function groupLine(name: string, { a, b, totalVariation }: GroupShift): string {
  if (totalVariation === null) return `${name}: not known in both`;
  const shares = (of: Record<string, number>): string => {
    const total = Object.values(of).reduce((sum, count) => sum + count, 0);
    return Object.entries(of)
      .sort(([, x], [, y]) => y - x)
      .slice(0, 6)
      .map(([group, count]) => `${group} ${((100 * count) / total).toFixed(0)} %`)
      .join(', ');
  };
  return `${name}: a ${shares(a)}; b ${shares(b)}; total variation ${totalVariation.toFixed(3)}`;
}

function numberLine(name: string, { a, b, standardizedDifference, ks }: NumberShift): string {
  if (a.mean === null || b.mean === null) return `${name}: not known in both`;
  const difference = standardizedDifference === null ? '–' : standardizedDifference.toFixed(2);
  return `${name}: mean ${a.mean.toFixed(1)} and ${b.mean.toFixed(1)}; standardised difference ${difference}, KS ${ks?.toFixed(3) ?? '–'}`;
}
