import { mappingRemarks } from '../labels/label-mapping.js';
import type { Evaluation, MaybeNumber } from '../evaluation/evaluation-schema.js';

/** An evaluation as a table for a terminal. */
export function evaluationText({
  labels,
  macro,
  samples,
  patients,
  data,
  split,
  undefinedLabels,
  intervals,
  mapping,
  views,
  labelShift,
  zeroShot,
  localisation,
}: Evaluation): string {
  const number = (value: MaybeNumber): string => (value === null ? '–' : value.toFixed(3));
  const range = ([low, high]: [MaybeNumber, MaybeNumber]): string =>
    low === null || high === null ? '' : `[${low.toFixed(3)}, ${high.toFixed(3)}]`;
  const rows = [
    ['label', 'positives', 'negatives', 'AUROC', '', 'AP', '', 'sens.', 'spec.'],
    ...Object.entries(labels).map(([label, s]) => [
      label,
      String(s.positives),
      String(s.negatives),
      number(s.auroc),
      range(s.aurocCi),
      number(s.averagePrecision),
      range(s.averagePrecisionCi),
      number(s.sensitivity),
      number(s.specificity),
    ]),
    [
      'macro',
      '',
      '',
      number(macro.auroc),
      range(macro.aurocCi),
      number(macro.averagePrecision),
      range(macro.averagePrecisionCi),
      number(macro.sensitivity),
      number(macro.specificity),
    ],
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd(),
  );
  const notes = [
    `${data}, split ${split}: ${samples} ${views === 'image' ? 'images' : `studies (${views} of their images)`} of ${patients} patients; intervals: ${intervals}`,
  ];
  if (undefinedLabels.length > 0)
    notes.push(`undefined (one class only), left out of the mean: ${undefinedLabels.join(', ')}`);
  if (labelShift) {
    const { ece, brier } = labelShift.before;
    notes.push(
      `corrected for the prevalence of these images: calibration error ${number(ece)} before, ${number(macro.ece)} after; Brier score ${number(brier)} before, ${number(macro.brier)} after`,
    );
  }
  for (const [kind, s] of Object.entries(localisation?.kinds ?? {}))
    notes.push(
      `${kind} maps: pointing ${number(s.pointing)} ${range(s.pointingCi)}, overlap ${number(s.iou)} ${range(s.iouCi)}, inside ${number(s.inside)} ${range(s.insideCi)}`,
    );
  for (const [label, s] of Object.entries(zeroShot ?? {})) {
    const parent =
      s.parent === null
        ? 'no trained label above it'
        : `${s.parent}'s score ${number(s.parentAuroc)} ${range(s.parentAurocCi)}, difference ${number(s.difference)} ${range(s.differenceCi)}`;
    notes.push(
      `not trained: ${label} ${number(s.auroc)} ${range(s.aurocCi)}, by its prompts alone ${number(s.promptAuroc)}; ${parent}`,
    );
  }
  return [...lines, '', ...notes, ...mappingRemarks(mapping)].join('\n');
}
