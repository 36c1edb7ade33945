import type { ImagePrediction, ImageSource, Predictor, PredictorOptions } from '@cxr-align/classifier';
import { InputError } from '@cxr-align/files';
import { printText } from '../print.js';
import type { DicomWriter } from './dicom-writer.js';
import type { MapWriter } from './map-writer.js';
import type { ModelIdentity } from './model-identity.js';
import { type PredictionRecord, roundedLabels } from './prediction-record.js';

/** What is made of a prediction. */
export interface Making {
  options: PredictorOptions;
  model: ModelIdentity;
  draw?: MapWriter;
  write?: DicomWriter;
}

/** The prediction of one image, or why it cannot be read or written. */
export async function predictOne(
  predictor: Predictor<ImageSource>,
  file: string,
  { options, model, draw, write }: Making,
): Promise<Pick<PredictionRecord, 'labels' | 'map' | 'dicom' | 'error'>> {
  try {
    const { map, labels } = await predictor.predict(file, options);
    const drawn = draw && map && (await draw(file, map));
    return {
      labels: roundedLabels(labels),
      ...(drawn && { map: drawn }),
      ...(write && (await writeDicom(write, file, { prediction: { labels, map }, model }))),
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { error: error.message };
  }
}

/** The files of a prediction as DICOM, or why it cannot be written so. */
async function writeDicom(
  write: DicomWriter,
  file: string,
  { prediction, model }: { prediction: ImagePrediction; model: ModelIdentity },
): Promise<Pick<PredictionRecord, 'dicom' | 'error'>> {
  try {
    const dicom = await write(file, prediction, model);
    dicom.remarks?.forEach((remark) => printText(`${file}: ${remark}`, process.stderr));
    return { dicom };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { error: `no DICOM results: ${error.message}` };
  }
}
