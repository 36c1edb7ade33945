import { thumbnails, type ReportSection, type Thumbnail } from '@cxr-align/report';
import type { Evaluation } from '../evaluation/evaluation-schema.js';
import { fixed, fixedRange } from '../maybe-number.js';
import type { Predictions } from '../evaluation/predictions.js';
import { calibrationSection } from './calibration-section.js';
import { fairnessSections } from './group-sections.js';
import { promptSections } from './prompt-sections.js';
import { scoreSection } from './score-section.js';
import { writeReport } from './write-report.js';

/** What an evaluation has to show. */
export interface EvaluationPage {
  /** The model, by a name. */
  name: string;
  evaluation: Evaluation;
  predictions: Predictions;
  /** Where the thresholds are from, as a sentence. */
  thresholds: string;
  /** The largest errors, where they may be shown. */
  worst?: readonly Thumbnail[];
}

/** The sections that every evaluation has: scores, calibration, groups, and errors where they may be shown. */
export async function evaluationSections(page: EvaluationPage): Promise<ReportSection[]> {
  const { evaluation, predictions, worst = [] } = page;
  return [
    await scoreSection(page),
    await calibrationSection(evaluation, predictions),
    ...promptSections(evaluation),
    ...(await fairnessSections(evaluation)),
    ...(worst.length > 0
      ? [
          {
            heading: 'Largest errors',
            paragraphs: ['Images of patients: keep this page where they may be seen.'],
            figures: [{ svg: thumbnails(worst), description: 'What was said furthest from what is the case' }],
          },
        ]
      : []),
  ];
}

/** The macro AUROC of an evaluation, as the first line of its page. */
export function leadOf({ macro }: Evaluation): string {
  return `Macro AUROC ${fixed(macro.auroc) ?? 'undefined'} (${fixedRange(macro.aurocCi) ?? 'no interval'})`;
}

/** Writes `report.html` of scores that another program made. */
export async function evaluationReport(
  out: string,
  page: EvaluationPage,
  { png = false }: { png?: boolean } = {},
): Promise<void> {
  const { name, evaluation } = page;
  await writeReport(
    out,
    { title: `Scores of ${name}`, lead: leadOf(evaluation), sections: await evaluationSections(page) },
    { png },
  );
}
