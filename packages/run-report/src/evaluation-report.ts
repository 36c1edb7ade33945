import { thumbnails, type ReportSection, type Thumbnail } from '@cxr-align/report';
import {
  type Evaluation,
  type MaybeNumber,
  type Predictions,
  type SplitLabels,
  fixed,
  macroSentence,
} from '@cxr-align/evaluation';
import { calibrationSection } from './calibration-section.js';
import { range } from './cells.js';
import { fairnessSections } from './group-sections.js';
import { identityRows } from './identity-rows.js';
import { type Plates, labelSections } from './label-sections.js';
import { promptSections } from './prompt-sections.js';
import { scoreSection, shortcutSection } from './score-section.js';
import { verdictCounts, verdictSection } from './verdict-section.js';
import { writeReport, type WrittenPage } from './write-report.js';

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
  /** Macro AUROC of the model on validation, where that is known. */
  validation?: MaybeNumber;
  /** How many images have each label in the splits of training and here, where that is known. */
  splits?: Readonly<Record<string, SplitLabels>>;
}

/** The sections that every evaluation has: verdicts, labels, scores, calibration, groups, and errors where they may be shown. */
export function evaluationSections(page: EvaluationPage): { sections: ReportSection[]; plates: Plates } {
  const { name, evaluation, predictions, worst = [], validation, splits } = page;
  const own = predictions.labels.map((label) => evaluation.labels[label]);
  const drawn = {
    name,
    predictions,
    aurocs: own.map(({ auroc }) => auroc),
    averagePrecisions: own.map(({ averagePrecision }) => averagePrecision),
  };
  const { section, plates } = labelSections(drawn, evaluation);
  const [shortcut, groups] = [shortcutSection(evaluation), fairnessSections(evaluation)];
  const places = new Set([...shortcut, ...groups].map(({ id }) => id!));
  if (validation !== undefined) places.add('drift');
  return {
    plates,
    sections: [
      verdictSection(evaluation, { labels: predictions.labels, validation, splits, places }),
      section,
      scoreSection(page),
      ...shortcut,
      ...groups,
      calibrationSection(evaluation),
      ...promptSections(evaluation),
      ...(worst.length > 0 ? [errorSection(worst)] : []),
    ],
  };
}

function errorSection(worst: readonly Thumbnail[]): ReportSection {
  return {
    heading: 'Largest errors',
    paragraphs: ['Images of patients: keep this page where they may be seen.'],
    figures: worst.map((one) => ({ svg: thumbnails([one]), description: one.caption.join(', ') })),
  };
}

/** The macro AUROC of an evaluation, and how many labels have each verdict, as the first line of its page. */
export function leadOf(evaluation: Evaluation): string {
  const { macro } = evaluation;
  const interval = range(macro.aurocCi, 3);
  return `Macro AUROC ${fixed(macro.auroc) ?? 'undefined'} (${interval === null ? 'no interval' : `95 % ${interval}`}), ${macroSentence(evaluation)}. Labels by verdict: ${verdictCounts(evaluation)}.`;
}

/** What stands beside the headline: that a split chose what is reported of it, and other warnings. */
export function noticesOf({ remarks }: Pick<Evaluation, 'remarks'>): string[] {
  return remarks
    .filter((remark) => /^(optimistic|warning)/.test(remark))
    .map((remark) => `${remark[0].toUpperCase()}${remark.slice(1)}.`);
}

/** Writes `report.html` of scores that another program made. */
export async function evaluationReport(
  out: string,
  page: EvaluationPage,
  { png = false }: { png?: boolean } = {},
): Promise<void> {
  const { name, evaluation, thresholds } = page;
  const written: WrittenPage = {
    title: `Scores of ${name}`,
    lead: leadOf(evaluation),
    notices: noticesOf(evaluation),
    facts: [
      ['for', labelsText(Object.keys(evaluation.labels))],
      ['evaluated on', evaluatedText(evaluation)],
      ['thresholds', thresholds],
      ...identityRows(evaluation).filter(([name]) => name !== 'thresholds'),
    ],
    ...evaluationSections(page),
  };
  await writeReport(out, written, { png });
}

/** Labels by their names; of many only the first. */
export function labelsText(labels: readonly string[]): string {
  const most = 14;
  const more = labels.length > most ? ` and ${labels.length - most} more` : '';
  return `${labels.length === 1 ? '1 label' : `${labels.length} labels`} of chest radiographs: ${labels.slice(0, most).join(', ')}${more}`;
}

/** The images that a model was evaluated on. */
export function evaluatedText({ data, split, samples, patients, views, dataSha256 }: Evaluation): string {
  const hash = dataSha256 === undefined ? '' : ` (SHA-256 ${dataSha256.slice(0, 12)}…)`;
  return `${data}, ${split}: ${samples} ${views === 'image' ? 'images' : 'studies'} of ${patients} patients${hash}`;
}
