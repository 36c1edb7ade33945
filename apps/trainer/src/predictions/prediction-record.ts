import type { DicomIds, ImagePrediction, LabelPrediction } from '@cxr-align/classifier';
import type { DicomFiles } from './dicom-writer.js';
import type { DrawnMapFile } from './map-writer.js';
import type { ModelIdentity } from './model-identity.js';

/** What is printed of one file. */
export interface PredictionRecord extends DicomIds {
  file: string;
  /** SHA-256 of the file; missing where there is an error. */
  dataHash?: string;
  model: ModelIdentity;
  /** Missing where the file could not be read, or is no chest film. */
  labels?: Record<string, LabelPrediction>;
  map?: DrawnMapFile;
  /** The same as DICOM, where that was wanted. */
  dicom?: DicomFiles;
  /** Why the file could not be read, was refused, or could not be written as DICOM. */
  error?: string;
  /** Of reading, predicting and drawing. */
  seconds: number;
}

/** Labels with probabilities of six digits. */
export function roundedLabels(labels: ImagePrediction['labels']): ImagePrediction['labels'] {
  const rounded = (probability: number): number => Number(probability.toFixed(6));
  return Object.fromEntries(
    Object.entries(labels).map(([name, label]): [string, LabelPrediction] => [
      name,
      {
        ...label,
        probability: rounded(label.probability),
        score: rounded(label.score),
        threshold: rounded(label.threshold),
      },
    ]),
  );
}
