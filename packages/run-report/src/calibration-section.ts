import type { ReportSection, ReportTable } from '@cxr-align/report';
import { type Evaluation, fixed } from '@cxr-align/evaluation';

/** Whether probabilities can be taken at their word. */
export function calibrationSection(evaluation: Evaluation): ReportSection {
  const hasSets = Object.values(evaluation.labels).some(({ conformal }) => conformal !== null);
  return {
    heading: 'Calibration',
    id: 'calibration',
    paragraphs: [
      `Calibration on validation: ${evaluation.calibration}. Mean calibration error ${fixed(evaluation.macro.ece) ?? '–'}${evaluation.calibration === 'none' ? '' : `, ${fixed(evaluation.eceUncalibrated) ?? '–'} before it`}. The curve of each label is in its section.`,
      ...(evaluation.labelShift ? [shiftSentence(evaluation.labelShift, evaluation.macro)] : []),
    ],
    tables: [
      {
        caption: 'Probabilities',
        header: [
          'label',
          'Brier',
          'log loss',
          'ECE',
          'adaptive ECE',
          ...(hasSets ? ['covered if present', 'covered if absent', 'undecided'] : []),
        ],
        rows: Object.entries(evaluation.labels).map(([label, s]) => [
          label,
          fixed(s.brier),
          fixed(s.logLoss),
          fixed(s.ece),
          fixed(s.adaptiveEce),
          ...(hasSets
            ? [
                fixed(s.conformal?.coveredPresent ?? null),
                fixed(s.conformal?.coveredAbsent ?? null),
                fixed(s.conformal?.undecided ?? null),
              ]
            : []),
        ]),
      },
      ...(evaluation.labelShift ? [shiftTable(evaluation.labelShift)] : []),
    ],
  };
}

function shiftSentence({ before }: NonNullable<Evaluation['labelShift']>, { brier, ece }: Evaluation['macro']): string {
  const change = (name: string, old: number | null, now: number | null): string =>
    `${name} ${fixed(old) ?? '–'} before it, ${fixed(now) ?? '–'} after`;
  return `Corrected for the prevalence of these images, which was estimated without their labels: mean ${change('calibration error', before.ece, ece)}; ${change('Brier score', before.brier, brier)}. Thresholds moved along: the same images are called.`;
}

function shiftTable({ labels }: NonNullable<Evaluation['labelShift']>): ReportTable {
  return {
    caption: 'Prevalence: what the model was calibrated for, and what its probabilities on these images speak for',
    header: ['label of the model', 'calibrated for', 'estimated'],
    rows: Object.entries(labels).map(([label, { prior, estimated }]) => [label, fixed(prior), fixed(estimated)]),
  };
}
