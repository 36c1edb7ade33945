import type { LabelGraph } from '@cxr-align/label-graph';
import type { ModelTexts } from './model-texts.js';

/** The labels that a model was trained for, and after them those that it predicts by their prompts alone. */
export interface ZeroShotLabels {
  /** All of them, in that order. */
  graph: LabelGraph;
  texts: ModelTexts;
}
