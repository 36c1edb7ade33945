import {
  decisionRemarks,
  type Evaluation,
  labelsByVerdict,
  macroSentence,
  type MaybeNumber,
  mappingRemarks,
  terminalTable,
  type Verdict,
  worksFrom,
} from '@cxr-align/evaluation';

const shortVerdicts: Record<Verdict, string> = {
  works: 'works',
  weak: 'weak',
  'at chance': 'at chance',
  'worse than age, sex and view alone': '< age, sex',
  'too few': 'too few',
};

/**
 * An evaluation as a table for a terminal of 80 columns: the labels that can be used first.
 *
 * @param alarms what thresholds mean for a day's work, right below the table.
 */
export function evaluationText(
  {
    decisions,
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
    identity,
    remarks,
  }: Evaluation,
  alarms: readonly string[] = [],
): string {
  const number = (value: MaybeNumber, digits = 3): string => (value === null ? '–' : value.toFixed(digits));
  const range = ([low, high]: [MaybeNumber, MaybeNumber], digits = 3): string =>
    low === null || high === null ? '' : `[${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
  const header = ['label', 'with', 'AUROC', '95 %', 'sens.', 'spec.', 'verdict'];
  const rows = [
    ...labelsByVerdict({ labels }).map(([label, s]) => [
      label,
      `${s.positives}/${s.positives + s.negatives}`,
      // Too few to tell: the interval alone says anything.
      number(s.reliability === 'too few' ? null : s.auroc),
      range(s.aurocCi, 2),
      number(s.reliability === 'too few' ? null : s.sensitivity, 2),
      number(s.reliability === 'too few' ? null : s.specificity, 2),
      shortVerdicts[s.verdict],
    ]),
    [
      'macro',
      '',
      number(macro.auroc),
      range(macro.aurocCi, 2),
      number(macro.sensitivity, 2),
      number(macro.specificity, 2),
      '',
    ],
  ];
  const lines = terminalTable(header, rows, [0, 6]);
  const notes = [
    `${data}, split ${split}: ${samples} ${views === 'image' ? 'images' : `studies (${views} of their images)`} of ${patients} patients; intervals: ${intervals}`,
  ];
  notes.push(
    `works: the interval of the AUROC lies above ${worksFrom}; weak: above 0.5; at chance: it reaches 0.5; < age, sex: worse than age, sex and view alone; too few: fewer than 10 images with or without`,
  );
  notes.push(`macro: ${macroSentence({ labels, undefinedLabels })}`);
  if (identity) notes.push(`thresholds: ${identity.thresholds}`);
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
  notes.push(...decisionRemarks({ decisions, labels }));
  notes.push(...remarks.map((remark) => `remark: ${remark}`));
  return [...lines, '', ...alarms, ...(alarms.length > 0 ? [''] : []), ...notes, ...mappingRemarks(mapping)].join('\n');
}
