import type { ReportSection } from '@cxr-align/report';
import type { Config, TrainingData } from '@cxr-align/training';
import { type Evaluation, fixed, macroSentence } from '@cxr-align/evaluation';
import { evaluatedText } from './evaluation-report.js';
import { identityRows } from './identity-rows.js';

/** What of the data was not used; nothing for runs without this record. */
function excludedRow({ badRows, unreadableImages, excluded = [] }: TrainingData): [string, string][] {
  if (badRows === undefined || unreadableImages === undefined) return [];
  const parts = [
    `${badRows} bad rows`,
    `${unreadableImages} unreadable images`,
    ...excluded.map(({ images, reason }) => `${images} images, since ${reason}`),
  ];
  return [['excluded', parts.join('; ')]];
}

/** What a model is, what it was made of, and what it must not be used for. */
export function modelCard(
  config: Config,
  labels: readonly string[],
  trained: TrainingData | null,
  evaluation: Evaluation,
): ReportSection {
  const small = Object.entries(evaluation.labels).filter(([, { reliability }]) => reliability !== 'enough');
  const limits = [
    'Research software, not a medical device; no one has tested it on patients.',
    'It predicts no label beyond those above, and is not valid for images that are no frontal chest radiographs.',
    ...(small.length > 0
      ? [`Scores rest on fewer than 20 images with or without ${small.map(([label]) => label).join(', ')}.`]
      : []),
    ...(evaluation.metadataBaseline?.outperformsBaseline === false
      ? ['Its scores are not above what age, sex and view give alone.']
      : []),
    ...(evaluation.undefinedLabels.length > 0 ? [`Nothing is known of ${evaluation.undefinedLabels.join(', ')}.`] : []),
    'Scores on the images of another hospital are likely to be lower.',
  ];
  const count = (split: 'train' | 'val'): string =>
    `${trained!.images[split]} images of ${trained!.patients[split]} patients`;
  const chosenBy = (): string => {
    if (config.validation === 'none') return 'nothing was chosen: last epoch, thresholds 0.5';
    if (config.validation === 'folds') return 'out-of-fold predictions';
    return trained ? `validation: ${count('val')}` : 'validation';
  };
  const rows: [string, string][] = [
    ['model', config.model],
    ['labels', labels.join(', ')],
    ['training data', trained ? `${trained.name} (${trained.format}): ${count('train')}` : 'not recorded by this run'],
    ...(trained ? excludedRow(trained) : []),
    ['selection and thresholds', chosenBy()],
    ['evaluation', evaluatedText(evaluation)],
    [
      'label policy',
      `${config.labelPolicy}${config.propagateToAncestors ? ', propagated to ancestors in the label graph' : ''}; No Finding: ${config.noFinding}`,
    ],
    ['seed', String(config.seed)],
    ['macro AUROC', `${fixed(evaluation.macro.auroc) ?? 'undefined'}; ${macroSentence(evaluation)}`],
    ['calibration', evaluation.calibration],
    ...identityRows(evaluation),
  ];
  return {
    heading: 'Model card',
    id: 'card',
    facts: rows,
    sections: [{ heading: 'Limits', paragraphs: limits }],
  };
}
