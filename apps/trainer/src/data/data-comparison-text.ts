import type { DataComparison, GroupShift, NumberShift } from './compare-data.js';

/** A comparison of data sets for people, on a terminal. */
export function dataComparisonText({ a, b, labels, onlyA, onlyB, ...found }: DataComparison): string {
  const width = Math.max(5, ...Object.keys(labels).map((label) => label.length));
  const number = (value: number | null, digits = 3): string => (value === null ? '–' : value.toFixed(digits));
  const cell = (text: string): string => text.padStart(9);
  const names = (list: readonly string[]): string => list.join(', ') || 'none';
  return [
    `a: ${a.name}, ${a.rows} images of ${a.patients} patients; b: ${b.name}, ${b.rows} images of ${b.patients} patients`,
    `in both: ${found.shared.images} images by name${found.shared.sameBytes === null ? '' : `, ${found.shared.sameBytes} by their bytes`}, ${found.shared.patients} patients by name`,
    '',
    `${'label'.padEnd(width)}${['a', 'b', 'b − a', 'KL', 'p', 'p (Holm)'].map(cell).join('')}`,
    ...Object.entries(labels).map(([label, { a: inA, b: inB, difference, kl, p, pHolm, relation, from }]) => {
      const numbers = [
        number(inA.proportion),
        number(inB.proportion),
        number(difference),
        number(kl, 4),
        sayP(p),
        sayP(pHolm),
      ];
      const note =
        relation === 'narrower'
          ? `  at least, by ${from.join(', ')}`
          : from[0] === label
            ? ''
            : `  = ${from.join(', ')}`;
      return `${label.padEnd(width)}${numbers.map(cell).join('')}${note}`;
    }),
    '',
    `labels that only a knows: ${names(onlyA)}; that only b knows: ${names(onlyB)}`,
    `labels together: Frobenius norm of the difference ${number(found.frobenius, 4)}, ${found.frobeniusRelative === null ? '–' : `${(100 * found.frobeniusRelative).toFixed(0)} %`} of that in a`,
    groupLine('sex', found.sex),
    groupLine('view', found.view),
    numberLine('age', found.age),
    ...(found.images ? Object.entries(found.images).map(([name, shift]) => numberLine(`image ${name}`, shift)) : []),
  ].join('\n');
}

/** A p value for people. */
export function sayP(p: number | null): string {
  if (p === null) return '–';
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

function groupLine(name: string, { a, b, totalVariation }: GroupShift): string {
  if (totalVariation === null) return `${name}: not told in both`;
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
  if (a.mean === null || b.mean === null) return `${name}: not told in both`;
  const difference = standardizedDifference === null ? '–' : standardizedDifference.toFixed(2);
  return `${name}: mean ${a.mean.toFixed(1)} and ${b.mean.toFixed(1)}; standardised difference ${difference}, KS ${ks?.toFixed(3) ?? '–'}`;
}
