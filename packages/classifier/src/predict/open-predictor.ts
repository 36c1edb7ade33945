import type { LabelGraph } from '@cxr-align/label-graph';
import { type DualEncoderFolders, openDualEncoder } from '../zero-shot/dual-encoder.js';
import { type LoadedModel } from '../store/open-model.js';
import { readMeasuredMaps } from './measured-maps.js';
import { loadModel } from '../store/model-folder.js';
import { openImageReader } from '../images/image-reader.js';
import { DualEncoderPrediction } from './dual-encoder-prediction.js';
import type { ImageSource } from '../images/image-source.js';
import { ModelPrediction } from './model-prediction.js';
import { Predictor } from './predictor.js';

/** What a trained model needs beside its run folder. */
export interface OpenPredictorOptions {
  /**
   * Folder of the frozen image encoder, for a run that was trained on its features; where it was in training unless given. Refused
   * for a run whose own encoder was trained. Of a run that takes the joined features of several encoders, a folder each.
   */
  encoder?: string | readonly string[];
  /**
   * Run folder whose evaluations say how well maps show where a label is; the run itself unless given, none for a model that was loaded.
   */
  evaluations?: string;
}

/**
 * Opens the predictor of a trained run. A TensorFlow.js backend has to be started first.
 *
 * @param run the run folder, or a model that was loaded: the predictor owns it from here on, also where this throws.
 * @throws {InputError} if the run is no trained run, or its frozen encoder is not there or another one.
 */
export async function openPredictor(
  run: string | LoadedModel,
  { encoder, evaluations }: OpenPredictorOptions = {},
): Promise<Predictor<ImageSource>> {
  const loaded = typeof run === 'string' ? loadModel(run) : run;
  const folder = evaluations ?? (typeof run === 'string' ? run : undefined);
  try {
    const reader = await openImageReader(loaded.stored, encoder);
    return new Predictor(
      new ModelPrediction(loaded, reader, folder === undefined ? undefined : () => readMeasuredMaps(folder)),
    );
  } catch (error) {
    loaded.dispose();
    throw error;
  }
}

/**
 * Opens a predictor that needs no training: a dual encoder (CLIP-style), by the prompts of each label's observations.
 *
 * @param graph the labels.
 * @throws {InputError} if an encoder is missing, or their vectors are not of the same length.
 */
export async function openDualEncoderPredictor(
  folders: DualEncoderFolders,
  graph: LabelGraph,
): Promise<Predictor<ImageSource>> {
  return new Predictor(new DualEncoderPrediction(await openDualEncoder(folders, graph), graph));
}
