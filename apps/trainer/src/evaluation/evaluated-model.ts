import type { ImagePredictions } from '../model/predict-images.js';
import type { Evaluation } from './evaluation-schema.js';
import type { Predictions } from './predictions.js';

/** What came out of evaluating a model. */
export interface EvaluatedModel {
  evaluation: Evaluation;
  predictions: Predictions;
  /** Cosines between the label embeddings of the model. */
  cosines: ImagePredictions['cosines'];
  /** How much of each source prompt is in the labels' prompts, where they are mixed. */
  sourceAttention: ImagePredictions['sourceAttention'];
}
