import type { ReportSection } from '@cxr-align/report';
import type { Config } from '../config/config.js';
import type { Evaluation } from '../evaluation/evaluation-schema.js';
import { fixed } from '../maybe-number.js';
import type { TrainingData } from '../training/training-data.js';

/** What of the data was not used; nothing for runs that do not tell. */
function leftOutRow({ badRows, unreadableImages, leftOut = [] }: TrainingData): [string, string][] {
  if (badRows === undefined || unreadableImages === undefined) return [];
  const parts = [
    `${badRows} bad rows`,
    `${unreadableImages} unreadable images`,
    ...leftOut.map(({ images, reason }) => `${images} images, since ${reason}`),
  ];
  return [['left out', parts.join('; ')]];
}

/** What a model is, what it was made of, and what it must not be used for. */
export function modelCard(
  config: Config,
  labels: readonly string[],
  trained: TrainingData | null,
  evaluation: Evaluation,
): ReportSection {
  const small = Object.entries(evaluation.labels).filter(([, { positives }]) => positives < 20);
  const limits = [
    'Research software, not a medical device; no one has tested it on patients.',
    'It knows no label beyond those above, and says nothing of images that are no frontal chest radiographs.',
    ...(small.length > 0
      ? [`Scores rest on fewer than 20 positive images for ${small.map(([label]) => label).join(', ')}.`]
      : []),
    ...(evaluation.metadataBaseline?.beaten === false
      ? ['Its scores are not above what age, sex and view give alone.']
      : []),
    ...(evaluation.undefinedLabels.length > 0 ? [`Nothing is known of ${evaluation.undefinedLabels.join(', ')}.`] : []),
    'Scores on the images of another hospital are likely to be lower.',
  ];
  const count = (split: 'train' | 'val'): string =>
    `${trained!.images[split]} images of ${trained!.patients[split]} patients`;
  const rows: [string, string][] = [
    ['model', config.model],
    ['labels', labels.join(', ')],
    ['training data', trained ? `${trained.name} (${trained.format}): ${count('train')}` : 'not told by this run'],
    ...(trained ? leftOutRow(trained) : []),
    ['selection and thresholds', trained ? `validation: ${count('val')}` : 'validation'],
    [
      'evaluation',
      `${evaluation.data}, ${evaluation.split}: ${evaluation.samples} ${evaluation.views === 'image' ? 'images' : 'studies'} of ${evaluation.patients} patients`,
    ],
    [
      'label policy',
      `${config.labelPolicy}${config.closeLabels ? ', closed under the label graph' : ''}; No Finding: ${config.noFinding}`,
    ],
    ['seed', String(config.seed)],
    ['macro AUROC', fixed(evaluation.macro.auroc) ?? 'undefined'],
    ['calibration', evaluation.calibration],
    ['limits', limits.join(' ')],
  ];
  return { heading: 'Model card', tables: [{ caption: 'What this model is', header: ['', ''], rows }] };
}
