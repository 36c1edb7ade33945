import type { ImagePredictions, StoredModel } from '@cxr-align/classifier';
import type { Dataset, Split } from '@cxr-align/datasets';
import type { EdgeCount, Evaluation, Predictions } from '@cxr-align/evaluation';
import type { Config } from '../config/config-schema.js';

/** What came out of evaluating a model. */
export interface EvaluatedModel {
  evaluation: Evaluation;
  predictions: Predictions;
  /** Cosines between the label embeddings of the model. */
  cosines: ImagePredictions['cosines'];
  /** How much of each source prompt is in the labels' prompts, where they are mixed. */
  sourceAttention: ImagePredictions['sourceAttention'];
}

/** The same of a run, with all that a report of it shows. */
export interface EvaluatedRun extends EvaluatedModel {
  /** Folder of the run: its history and the data it was trained on. */
  run: string;
  stored: StoredModel<Config>;
  /** The data set that was evaluated, and the split, or the images of all folds of a cross-validation. */
  dataset: Dataset;
  split: Split | 'out-of-fold';
  /** Targets along the edges of the data's label graph, and of what they were counted. */
  edges: { counts: readonly EdgeCount[]; of: string };
  remarks: readonly string[];
}
