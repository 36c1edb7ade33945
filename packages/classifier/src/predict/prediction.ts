import type { Neighbour } from '@cxr-align/heads';
import type { Box, MapBox } from '@cxr-align/metrics';
import type { MapKind } from './label-maps.js';
import type { MapEvidence } from './map-evidence.js';
import type { Explanation } from './explanation.js';

/** What is predicted of one label of an image. */
export interface LabelPrediction {
  /**
   * The probability to display, in [0, 1]: calibrated where the run has a calibration, and consistent with the label graph, so that
   * a label is at least as probable as each label below it. Zero-shot: the combination of the label's observations.
   */
  probability: number;
  /**
   * The probability that the threshold applies to, in [0, 1]: as it was when the threshold was fitted on validation, and as
   * `predictions.parquet` has it. Differs from `probability` where a label below is more probable than the label itself and the
   * run's `enforceHierarchy` is off.
   */
  score: number;
  /**
   * The label is positive where `score` reaches it; 0.5 where none could be fitted, and zero-shot.
   */
  threshold: number;
  /** Whether the label is called present: by its score, and by the label graph (see `decisionRule` of evaluation). */
  positive: boolean;
  /**
   * The label that decided, where `score` and `threshold` alone say otherwise: a positive one below this label, or a finding that
   * excludes No Finding.
   */
  decidedBy?: string;
  /** The answers in the conformal prediction set, where one was fitted: both, one or none. */
  set?: ('present' | 'absent')[];
  /** What `probability` is composed of, where `explain` is set. */
  explanation?: Explanation;
}

/** Where in an image a label is seen. */
export interface LabelMap {
  label: string;
  kind: MapKind;
  /** Cells along a side. */
  grid: number;
  /** [grid, grid] row by row from the top left, 0 or more, not normalized. */
  values: number[];
  /** Boxes around what stands out, in pixels of the image; the one with the largest share first. */
  boxes: MapBox[];
  /** The part of the image that the map covers, in pixels of the image. */
  window: Box;
  /** What was measured of such maps: whether they show where the label is. */
  evidence: MapEvidence;
  /** Labels that are more probable, whose maps are no better than a centre map; only where there are some. */
  passedOver?: string[];
}

/** What is predicted of an image. */
export interface ImagePrediction {
  /** The path of the image, where it was given by its path. */
  file?: string;
  /** By label, in the order of the predictor's labels. */
  labels: Record<string, LabelPrediction>;
  map?: LabelMap;
  /** The training images that are most like it, the nearest first, where `explain` is set and the model keeps them. */
  neighbours?: Neighbour[];
}

/** Which map is made. */
export interface MapOptions {
  /** Its label; the most probable one that has a map unless given. Compared without regard to case and separators. */
  label?: string;
  /** Default `occlusion`; `similarity` of a dual encoder. */
  kind?: MapKind;
  /** Makes a map also where such maps were measured to be no better than a centre map. Default false. */
  force?: boolean;
}

/** What is predicted beside probabilities, and how. */
export interface PredictorOptions {
  /** Explains the probability of each label, part by part. Default false. */
  explain?: boolean;
  /** Makes a map of one label; `true` takes the defaults of {@link MapOptions}. Default none. */
  map?: boolean | MapOptions;
  /**
   * Predicts labels by the prompts of their observations alone, without the trained decoder's score. Default false; a dual encoder
   * has nothing else.
   */
  zeroShot?: boolean;
  /**
   * Test-time augmentation: the mean logits of so many views of the image, the image as it is and changed ones as `augmentation` of the
   * run draws them, never mirrored, and the same for every image. Default 1. Not with `explain` or `zeroShot`.
   */
  testViews?: number;
  /**
   * Predicts also what its DICOM header declares not to be a chest film, of another Modality (CT) or Body Part Examined (HAND). Default false:
   * such an image is refused, whatever its file is called.
   */
  anyModality?: boolean;
}
