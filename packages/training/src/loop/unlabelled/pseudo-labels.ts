import { logitOf } from './logit-of.js';
import type { LabelCounts } from '../objective.js';

/** How pseudo-labels are chosen: the keys under `unlabelled` of a configuration. */
export interface PseudoLabelOptions {
  thresholds: 'adaptive' | 'fixed';
  share: number;
  positive: number;
  negative: number;
}

/**
 * What adaptive thresholds remember of earlier batches: running means of quantiles of the teacher's logits, one a label, in standard
 * deviations of a batch from its mean.
 */
export interface ThresholdState {
  batches: number;
  positive: number[];
  negative: number[];
}

/** Pseudo-labels of some images, each [images, labels] row by row. */
export interface PseudoLabels {
  /** 1 or 0; 0 where there is none. */
  targets: Float32Array;
  /** 1 where there is one. */
  mask: Float32Array;
}

/** The decay of the running means, once there were some batches. */
const decay = 0.9;

/**
 * Chooses pseudo-labels among a teacher's predictions, each label and side, present and absent, by a threshold of its own.
 *
 * Adaptive: of the images that should have a label by its prevalence π among the labelled ones, the share s with the largest logits is
 * positive, and of those that should lack it, the share s with the smallest logits is negative: the thresholds are the quantiles
 * 1 − s π and s (1 − π) of the label's logits. Of a rare label a batch has less than one of them, so they are running means over
 * batches, of logits that are standardized in each: their level moves with the bias that is being learned. One probability for all labels, as FixMatch has it, gives
 * a rare label negatives alone, and thresholds that follow the mean confidence (FlexMatch, FreeMatch) do so too, since a model is surest
 * of absence. Quantiles by prevalence keep each label's balance, and need no calibrated probabilities.
 *
 * A label of which no image is known to be present (absent) gets no positive (negative) pseudo-label.
 *
 * @see Xie et al. 2023, "Class-distribution-aware pseudo-labeling for semi-supervised multi-label learning", arXiv:2305.02795.
 * @see Sohn et al. 2020, arXiv:2001.07685 (FixMatch); Wang et al. 2023, arXiv:2205.07246 (FreeMatch).
 */
export class PseudoLabelThresholds {
  private state: ThresholdState = { batches: 0, positive: [], negative: [] };
  private readonly prevalence: number[];
  private readonly isFound: { positive: boolean; negative: boolean }[];

  constructor(
    private readonly options: PseudoLabelOptions,
    { positives, negatives }: Pick<LabelCounts, 'positives' | 'negatives'>,
  ) {
    this.prevalence = positives.map((count, label) => (count + 0.5) / (count + negatives[label] + 1));
    this.isFound = positives.map((count, label) => ({ positive: count > 0, negative: negatives[label] > 0 }));
  }

  get current(): ThresholdState {
    return this.state;
  }

  restore(state: ThresholdState): void {
    this.state = state;
  }

  /**
   * Takes a batch of the teacher's logits in, and chooses its pseudo-labels.
   *
   * @param logits [images, labels] row by row.
   */
  choose(logits: Float32Array): PseudoLabels {
    const labels = this.prevalence.length;
    const { positive, negative } = this.options.thresholds === 'adaptive' ? this.adapt(logits) : this.fixed();
    const targets = new Float32Array(logits.length);
    const mask = new Float32Array(logits.length);
    for (const [at, logit] of logits.entries()) {
      const label = at % labels;
      const isPositive = this.isFound[label].positive && logit >= positive[label];
      const isNegative = this.isFound[label].negative && logit <= negative[label];
      if (isPositive === isNegative) continue;
      targets[at] = Number(isPositive);
      mask[at] = 1;
    }
    return { targets, mask };
  }

  private fixed(): Pick<ThresholdState, 'positive' | 'negative'> {
    const { positive, negative } = this.options;
    const each = (probability: number): number[] => this.prevalence.map(() => logitOf(probability));
    return { positive: each(positive), negative: each(1 - negative) };
  }

  /** Takes the logits of a batch into the state. @returns thresholds of the logits themselves. */
  private adapt(logits: Float32Array): Pick<ThresholdState, 'positive' | 'negative'> {
    const { prevalence, options, state } = this;
    const labels = prevalence.length;
    const kept = Math.min(decay, state.batches / (state.batches + 9));
    const columns = prevalence.map((_, label) => standardized(logits.filter((_value, at) => at % labels === label)));
    const follow = (before: readonly number[], quantileOf: (share: number) => number): number[] =>
      prevalence.map((share, label) => {
        const now = quantile(columns[label].sorted, quantileOf(share));
        return state.batches === 0 ? now : kept * before[label] + (1 - kept) * now;
      });
    this.state = {
      batches: state.batches + 1,
      positive: follow(state.positive, (share) => 1 - options.share * share),
      negative: follow(state.negative, (share) => options.share * (1 - share)),
    };
    const unscaled = (values: readonly number[]): number[] =>
      values.map((value, label) => columns[label].mean + columns[label].std * value);
    return { positive: unscaled(this.state.positive), negative: unscaled(this.state.negative) };
  }
}

/** Values in standard deviations from their mean, in ascending order. */
function standardized(values: Float32Array): { mean: number; std: number; sorted: Float64Array } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  const sorted = Float64Array.from(values, (value) => (std > 0 ? (value - mean) / std : 0)).sort();
  return { mean, std, sorted };
}

/**
 * The quantile of sorted values, between two of them on the line through both; beyond which the given share of all images lies in the
 * mean, as far as so few values can show it.
 */
function quantile(sorted: Float64Array, share: number): number {
  const place = Math.min(sorted.length - 1, Math.max(0, share * (sorted.length + 1) - 1));
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}
