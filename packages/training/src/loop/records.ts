import type { ModelInputs } from '@cxr-align/classifier';
import type { Task } from '../registry/weightings.js';
import type { Archive } from './unlabelled/archive.js';

/** Arrays by their names. */
export type Values = Map<string, { shape: number[]; data: Float32Array }>;

/** What the loop trains on. */
export interface TrainingData {
  inputs: ModelInputs;
  /** Images of the training split. */
  training: readonly number[];
  /** [images, labels] row by row: 1, 0, NaN where unknown. */
  targets: Float32Array;
  labels: number;
  /** Images without labels that are trained on beside them. */
  archive?: Archive;
  /** Waits for the inputs of some samples, and reports where that takes too long. */
  watch?: <T>(batch: Promise<T>, samples: readonly number[]) => Promise<T>;
  /** What a sample and a label are called in messages; their numbers unless given. */
  names?: { sample: (sample: number) => string; labels: readonly string[] };
}

/** Pseudo-labels that were trained on, of some images without labels, an image as often as it was drawn. */
export interface PseudoLabelCounts {
  images: number;
  /** Labels called present: how many, of how many of them the truth is known, and how many of those are right. */
  positive: { used: number; checked: number; right: number };
  /** The same of labels called absent. */
  negative: { used: number; checked: number; right: number };
}

/** One epoch in numbers, a line of `history.jsonl`. */
export interface EpochRecord {
  epoch: number;
  step: number;
  learningRate: number;
  /** Mean over the epoch's images. */
  loss: number;
  losses: Record<string, number>;
  /** What each loss is multiplied by at the end of the epoch. */
  weights: Record<string, number>;
  gradientNorm: number;
  validation: number | null;
  /** Steps that were skipped since their numbers were NaN or infinite: the means are over the others. Absent where none were. */
  skippedSteps?: number;
  /** Pseudo-labels of the epoch; absent where no images without labels are trained on. */
  pseudoLabels?: PseudoLabelCounts;
}

/** Who pulled against whom in one step, a line of `gradients.jsonl`. */
export interface GradientRecord {
  step: number;
  tasks: readonly Task[];
  /** Cosines of the tasks' gradients [tasks][tasks]; null for a task without gradient. */
  cosines: (number | null)[][];
}

/** An epoch under way: sums over the steps that are done. */
export interface EpochSums {
  steps: number;
  /** Of each loss, times the images of its step. */
  losses: Record<string, number>;
  norms: number;
  learningRate: number;
  /** Of the steps that were skipped. */
  skipped?: { steps: number; images: number };
  pseudoLabels?: PseudoLabelCounts;
}
