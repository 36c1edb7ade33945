import type { AblationRow, AblationSummary } from './ablation-summary.js';
import { fixed, pText, signed, signedRange } from './maybe-number.js';
import { shortRemarks } from './short-remarks.js';
import { terminalTable } from './terminal-table.js';

/** What the summary comes to, in a sentence or two. */
export function ablationLead({ rows, baseline, split }: Pick<AblationSummary, 'rows' | 'baseline' | 'split'>): string {
  return `${claimsOf({ rows, baseline })} Compared on ${split === 'val' ? 'validation' : `the split ${split}`}.`;
}

function claimsOf({ rows, baseline }: Pick<AblationSummary, 'rows' | 'baseline'>): string {
  const others = rows.filter(({ verdict }) => verdict !== 'baseline');
  if (others.length > 0 && others.every(({ verdict }) => verdict === 'too few'))
    return 'These images are too few to tell configurations apart: no label has 10 of them with it and 10 without.';
  const hasSizes = rows.some(({ trainCount }) => trainCount !== null);
  const list = new Intl.ListFormat('en-GB');
  const claimed = new Map<string, string[]>();
  for (const { configuration, verdict, trainCount } of others) {
    if (verdict !== 'better' && verdict !== 'worse') continue;
    const claim = `${configuration} is ${verdict} than ${baseline}`;
    claimed.set(claim, [...(claimed.get(claim) ?? []), trainCount === null ? 'all' : String(trainCount)]);
  }
  if (claimed.size === 0)
    return `None of ${others.length} configurations differs from ${baseline} as far as these images show.`;
  const claims = [...claimed].map(([claim, sizes]) =>
    hasSizes ? `${claim} with ${list.format(sizes)} images` : claim,
  );
  const rest = others.length - [...claimed.values()].flat().length;
  return `${claims.join('; ')}.${rest > 0 ? ` Of ${rest} more these images support no difference.` : ''}`;
}

function verdictTexts(baseline: string): Record<AblationRow['verdict'], string> {
  return {
    baseline: 'the baseline',
    better: `better than ${baseline}`,
    worse: `worse than ${baseline}`,
    'no difference supported': 'no',
    'too few': 'too few to tell',
  };
}

/** What a mean leaves out, and how far the numbers can be trusted: a sentence for each. */
export function ablationRemarks({ split, hasChosen, undefinedLabels, labels, remarks }: AblationSummary): string[] {
  const used = Object.keys(labels).length - undefinedLabels.length;
  return [
    ...(hasChosen
      ? ['compared on validation, which chose the epoch of each run, too: its scores are too good, for all runs alike']
      : []),
    ...(split === 'train' ? ['compared on images that the runs were trained on'] : []),
    ...(undefinedLabels.length > 0
      ? [`the mean is over ${used} labels; excluded, since all images are of one class: ${undefinedLabels.join(', ')}`]
      : []),
    ...shortRemarks(remarks),
  ];
}

/** The summary as a table: for terminals, pages and the report alike. */
export function ablationCells({ rows, baseline }: AblationSummary): { header: string[]; rows: (string | null)[][] } {
  const hasSizes = rows.some(({ trainCount }) => trainCount !== null);
  return {
    header: [
      'configuration',
      ...(hasSizes ? ['images'] : []),
      'macro AUROC',
      '95 %',
      'by seed',
      'difference',
      '95 % of it',
      'p (Holm)',
      'detectable',
      'do the data support a difference?',
    ],
    rows: rows.map((row) => [
      row.configuration,
      ...(hasSizes ? [row.trainCount === null ? 'all' : String(row.trainCount)] : []),
      fixed(row.auroc),
      row.aurocCi[0] === null ? null : `${fixed(row.aurocCi[0])} to ${fixed(row.aurocCi[1])}`,
      row.bySeed.map((value) => fixed(value) ?? '–').join(' '),
      row.verdict === 'too few' ? 'too few to tell' : row.difference === null ? null : signed(row.difference),
      signedRange(row.differenceCi) || null,
      pText(row.pHolm),
      fixed(row.detectable),
      verdictTexts(baseline)[row.verdict],
    ]),
  };
}

/** The summary for a terminal of 80 columns. */
export function ablationText(summary: AblationSummary): string {
  const { rows, samples, patients, split, method } = summary;
  const hasSizes = rows.some(({ trainCount }) => trainCount !== null);
  const verdicts = verdictTexts('it');
  const table = terminalTable(
    ['configuration', ...(hasSizes ? ['images'] : []), 'AUROC', 'difference', '95 %', 'p (Holm)', 'supported?'],
    rows.map((row) => [
      row.configuration,
      ...(hasSizes ? [row.trainCount === null ? 'all' : String(row.trainCount)] : []),
      fixed(row.auroc) ?? '–',
      signed(row.difference),
      signedRange(row.differenceCi, 2),
      pText(row.pHolm) ?? '',
      { ...verdicts, better: 'better', worse: 'worse' }[row.verdict],
    ]),
  );
  return [
    ...table,
    '',
    ablationLead(summary),
    `split ${split}: ${samples} images of ${patients} patients; ${method}`,
    ...ablationRemarks(summary).map((remark) => `remark: ${remark}`),
  ].join('\n');
}
