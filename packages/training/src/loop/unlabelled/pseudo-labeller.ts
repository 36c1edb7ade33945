import { predictBranches, type Model, type ModelBatch } from '@cxr-align/classifier';
import { createStepCapture, type StepCapture } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import type { Config } from '../../config/config-schema.js';
import type { BatchTargets } from '../objective.js';
import type { PseudoLabelCounts } from '../records.js';
import type { WeightAverage } from '../weight-average.js';
import { ArchiveOrder, type Archive } from './archive.js';
import { addCounts, countPseudoLabels, noPseudoLabels } from './pseudo-label-counts.js';
import { PseudoLabelThresholds, type ThresholdState } from './pseudo-labels.js';
import type { LabelCounts } from '../objective.js';

/** Images without labels as they are trained on, with their pseudo-labels. */
export interface PseudoLabelledBatch extends BatchTargets {
  images: ModelBatch;
  /** What their loss is multiplied by. */
  weight: tf.Scalar;
}

/**
 * Makes the batches of images without labels: the teacher, which has the averaged weights, sees each image as it is, and what it is
 * sure of becomes the target of the image's other views (FixMatch).
 */
export class PseudoLabeller {
  /** Images of a batch. */
  readonly images: number;
  private readonly thresholds: PseudoLabelThresholds;
  private readonly order: ArchiveOrder;
  private readonly capture: StepCapture;
  private counts: PseudoLabelCounts = noPseudoLabels();

  /** @param given `rampSteps`: steps over which the weight rises from 0. `counts`: those of the labelled images. */
  constructor(
    private readonly given: {
      config: Config;
      model: Model;
      average: WeightAverage;
      archive: Archive;
      counts: LabelCounts;
      rampSteps: number;
    },
  ) {
    const { config, archive, counts } = given;
    this.images = Math.max(1, Math.min(archive.samples.length, Math.round(config.unlabelled.ratio * config.batchSize)));
    this.thresholds = new PseudoLabelThresholds(config.unlabelled, counts);
    this.order = new ArchiveOrder(archive.samples, config.seed);
    // The targets keep the bits that the model's own predictions have.
    this.capture = createStepCapture({ stepCapture: config.stepCapture === 'off' ? 'off' : 'replay' });
  }

  /** What later pseudo-labels depend on, beside the weights. */
  get state(): ThresholdState {
    return this.thresholds.current;
  }

  restore(state: ThresholdState): void {
    this.thresholds.restore(state);
  }

  /** The pseudo-labels since the last call. */
  takeCounts(): PseudoLabelCounts {
    const { counts } = this;
    this.counts = noPseudoLabels();
    return counts;
  }

  /**
   * A batch; the caller owns its tensors.
   *
   * @param place counts the batches of all steps.
   * @param step counts the steps.
   */
  async batch(place: number, step: number): Promise<PseudoLabelledBatch> {
    const { config, archive, counts } = this.given;
    const { samples, pass } = this.order.batch(place, this.images);
    const chosen = this.thresholds.choose(await this.teach(samples));
    this.counts = addCounts(this.counts, countPseudoLabels(chosen, samples, archive.truth));
    const images = await archive.inputs.trainingBatch(samples, { seed: config.seed, epoch: pass, isChanged: true });
    const shape: [number, number] = [samples.length, counts.positives.length];
    return {
      images,
      targets: tf.tensor2d(chosen.targets, shape),
      mask: tf.tensor2d(chosen.mask, shape),
      weight: tf.scalar(this.weightAt(step)),
    };
  }

  /** What the loss of a step is multiplied by. @param step counts the steps before. */
  weightAt(step: number): number {
    const { config, rampSteps } = this.given;
    return config.unlabelled.weight * (step < rampSteps ? step / rampSteps : 1);
  }

  /** The teacher's logits of images as they are, the mean over its branches. */
  private async teach(samples: readonly number[]): Promise<Float32Array> {
    const { model, average, archive } = this.given;
    average.swap();
    try {
      const { capture } = this;
      const branches = await predictBranches(model, archive.inputs, samples, { capture, batchSize: samples.length });
      return branches[0].map((_, at) => branches.reduce((sum, logits) => sum + logits[at], 0) / branches.length);
    } finally {
      average.swap();
    }
  }

  dispose(): void {
    this.capture.dispose();
  }
}
