import type { Comparison, ComparisonRow } from './comparison.js';
import { fixed, fixedRange, pText, signed, signedRange } from './maybe-number.js';
import { shortRemarks } from './short-remarks.js';
import { terminalTable } from './terminal-table.js';

/** A comparison as a table for a terminal of 80 columns. */
export function comparisonTable({
  a,
  b,
  labels,
  macro,
  samples,
  patients,
  undefinedLabels,
  remarks,
  method,
}: Comparison): string {
  const line = (row: ComparisonRow): string[] => [
    row.label,
    row.label === 'macro' ? '' : `${row.positives}/${row.positives + row.negatives}`,
    fixed(row.aurocA) ?? '–',
    fixed(row.aurocB) ?? '–',
    signed(row.difference),
    signedRange(row.differenceCi, 2),
    testText(row),
  ];
  const text = terminalTable(
    ['label', 'with', 'A', 'B', 'B − A', '95 %', 'p (Holm)'],
    [...labels.map(line), line(macro)],
  );
  const rule = '─'.repeat(Math.max(...text.map((row) => row.length)));
  const notes = [`AUROC; A is ${a}, B is ${b}. ${samples} images of ${patients} patients. ${method}.`];
  if (undefinedLabels.length > 0)
    notes.push(`Undefined (one class only) and excluded from the mean: ${undefinedLabels.join(', ')}.`);
  notes.push(...shortRemarks(remarks).map((remark) => `Remark: ${remark}.`));
  return [text[0], rule, ...text.slice(1, -1), rule, text[text.length - 1], '', ...notes].join('\n');
}

/** The test of a row: a label's p is corrected for their number. */
function testText({ label, reliability, difference, p, pHolm }: ComparisonRow): string {
  if (difference === null) return '–';
  const value = label === 'macro' ? p : pHolm;
  if (reliability === 'too few' && value === null) return 'too few';
  return pText(value) ?? '–';
}

/** Whether the data support a difference, in words. */
export function verdict({ a, b, macro, remarks }: Comparison): string {
  const [low, high] = macro.differenceCi;
  if (macro.difference === null) return 'No difference can be estimated: no label is defined.';
  if (macro.p === null)
    return `The difference between ${a} and ${b} cannot be tested: all resamples of these few images have the same one.`;
  if (macro.reliability === 'too few' || low === null || high === null)
    return `These images are too few to tell ${a} and ${b} apart: no label has 10 of them with it and 10 without.`;
  const size = `${signed(macro.difference)} macro AUROC, 95 % ${fixedRange(macro.differenceCi)}`;
  const caution = remarks.length > 0 ? ' Some labels have few cases: see the remarks.' : '';
  if (low > 0) return `${b} is better than ${a} on these images (${size}).${caution}`;
  if (high < 0) return `${b} is worse than ${a} on these images (${size}).${caution}`;
  const detectable = fixed(macro.detectable);
  return `These images do not support a difference between ${a} and ${b} (${size}); one of ${detectable ?? 'any size'} would have been seen four times out of five.`;
}
