import { AdamW, Pass, RepeatedGradients, scheduleFactor, type Parameter, type Parameters } from '@cxr-align/nn';
import { gradientCosines, taskGradients, type TaskGradients } from '@cxr-align/losses';
import { gradientsAndExtras } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { Config } from '../config/config.js';
import type { ModelBatch } from '../inputs/model-inputs.js';
import type { Model } from '../model/model.js';
import type { ModelInputs } from '../inputs/model-inputs.js';
import type { BatchTargets, Objective, Task } from './objective.js';
import { epochBatches, type Batch } from './batches.js';
import { rateFactors } from './rate-factors.js';
import { WeightAverage } from './weight-average.js';

/** What the loop trains on. */
export interface TrainingData {
  inputs: ModelInputs;
  /** Images of the training split. */
  training: readonly number[];
  /** [images, labels] row by row: 1, 0, NaN where unknown. */
  targets: Float32Array;
  labels: number;
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
}

/** Who pulled against whom in one step, a line of `gradients.jsonl`. */
export interface GradientRecord {
  step: number;
  tasks: readonly Task[];
  /** Cosines of the tasks' gradients [tasks][tasks]; null for a task without gradient. */
  cosines: (number | null)[][];
}

/** What the loop tells while it runs. */
export interface TrainingEvents {
  /** Every `logGradientCosines` steps. */
  onGradients?: (record: GradientRecord) => void;
  onStep?: (step: number, total: number, loss: number) => void;
  /** After an epoch, before it is validated; the averaged weights are in the model while `validate` runs. */
  validate: () => Promise<number>;
  onEpoch?: (record: EpochRecord, isBest: boolean) => Promise<void> | void;
}

/**
 * The training loop: batches in an order of the epoch, one step each, validation after each epoch on the averaged
 * weights. It knows no terminal and no files.
 */
export class TrainingLoop {
  readonly optimizer: AdamW;
  readonly average: WeightAverage;
  private readonly repeated = new RepeatedGradients();
  readonly trained: Parameter[];
  /** Epochs that are finished. */
  epoch = 0;
  best = -Infinity;
  bestEpoch = -1;
  /** Milliseconds that batches were waited for, and that steps took with it. */
  waitedMs = 0;
  steppedMs = 0;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  private readonly modelVariables: tf.Variable[];
  /** What is trained in this epoch, and what the learning rate of each array is multiplied by. */
  private trainedNow: Parameter[] = [];
  private factors?: number[];
  /** What a step depends on besides batch, weights and its number, as text, and how often that has changed. */
  private surroundings = '';
  private round = 0;
  /** The batches of the epoch after this one; none after the last. */
  private upcoming: Batch[] = [];

  constructor(
    private readonly config: Config,
    private readonly model: Model,
    parameters: Parameters,
    readonly objective: Objective,
    private readonly data: TrainingData,
  ) {
    const balance = objective.weighting.variables.map((variable, i) => ({
      name: `weighting/${i}`,
      variable,
      trainable: true,
    }));
    this.trained = [...parameters.trainable(), ...balance];
    this.modelVariables = parameters.trainable().map(({ variable }) => variable);
    const { weightDecay, maxGradientNorm } = config;
    this.optimizer = new AdamW(this.trained, { weightDecay, maxGradientNorm });
    this.average = new WeightAverage(parameters.all(), config.weightAveraging);
    const together = config.batchSize * config.accumulation;
    this.stepsPerEpoch = Math.max(1, Math.floor((data.training.length + together / 2) / together));
    this.totalSteps = this.stepsPerEpoch * config.epochs;
  }

  /** Runs the epochs that are left. */
  async run(events: TrainingEvents): Promise<void> {
    while (this.epoch < this.config.epochs && !this.hasStopped) {
      const record = await this.runEpoch(events);
      this.average.swap();
      const validation = await events.validate();
      this.average.swap();
      this.epoch++;
      record.validation = Number.isNaN(validation) ? null : validation;
      // A score that is undefined throughout leaves the last epoch as the best one.
      const isBest = Number.isNaN(validation) ? this.best === -Infinity : validation > this.best;
      if (isBest) {
        if (!Number.isNaN(validation)) this.best = validation;
        this.bestEpoch = this.epoch;
      }
      await events.onEpoch?.(record, isBest);
      if (this.hasStopped) return;
    }
  }

  /** Whether validation has not become better for as many epochs as the configuration waits. */
  get hasStopped(): boolean {
    const { patience } = this.config;
    return patience > 0 && this.bestEpoch > 0 && this.epoch - this.bestEpoch >= patience;
  }

  private batchesOf(epoch: number): Batch[] {
    const { config, data, stepsPerEpoch } = this;
    const isKnown = this.upcoming[0]?.epoch === epoch;
    return isKnown
      ? this.upcoming
      : epochBatches(data.training, config.seed, epoch, stepsPerEpoch * config.accumulation);
  }

  private async runEpoch({ onStep, onGradients }: TrainingEvents): Promise<EpochRecord> {
    const { config, data, stepsPerEpoch } = this;
    const { accumulation } = config;
    const batches = this.batchesOf(this.epoch);
    this.upcoming = this.epoch + 1 < config.epochs ? this.batchesOf(this.epoch + 1) : [];
    // The first batch of the next epoch is read while the last step of this one and its validation run.
    const andNext = [...batches, ...this.upcoming.slice(0, 1)];
    const factors = rateFactors(config, this.trained, this.epoch);
    this.trainedNow = this.trained.filter((_, i) => factors[i] !== 0);
    this.factors = factors.every((factor) => factor === 1) ? undefined : factors;
    this.objective.beginEpoch({ aligns: this.epoch < config.alignEpochs });
    const surroundings = JSON.stringify([factors, await this.objective.weights()]);
    if (surroundings !== this.surroundings) this.round++;
    this.surroundings = surroundings;
    const sums: Record<string, number> = {};
    let norms = 0;
    let rate = 0;
    for (let i = 0; i < stepsPerEpoch; i++) {
      const step = this.epoch * stepsPerEpoch + i;
      const group = batches.slice(i * accumulation, (i + 1) * accumulation);
      const size = group.reduce((sum, { samples }) => sum + samples.length, 0);
      rate =
        config.learningRate *
        scheduleFactor(config.schedule, step + 1, {
          warmup: Math.round(config.warmup * this.totalSteps),
          total: this.totalSteps + 1,
        });
      const { values, norm } = await this.trainStep(group, andNext[(i + 1) * accumulation], step, rate, onGradients);
      for (const [name, value] of Object.entries(values)) sums[name] = (sums[name] ?? 0) + value * size;
      norms += norm;
      onStep?.(step + 1, this.totalSteps, values.total);
      if (!Number.isFinite(values.total)) {
        throw new Error(
          `trainer: the loss became ${values.total} in step ${step + 1}; lower learningRate (now ${config.learningRate})`,
        );
      }
    }
    const { total, ...losses } = Object.fromEntries(
      Object.entries(sums).map(([name, sum]) => [name, sum / data.training.length]),
    );
    this.objective.observe(losses);
    return {
      epoch: this.epoch + 1,
      step: (this.epoch + 1) * stepsPerEpoch,
      learningRate: rate,
      loss: total,
      losses,
      weights: await this.objective.weights(),
      gradientNorm: norms / stepsPerEpoch,
      validation: null,
    };
  }

  /** Takes one step on some batches together. */
  private async trainStep(
    group: readonly Batch[],
    next: Batch | undefined,
    step: number,
    rate: number,
    onGradients: TrainingEvents['onGradients'],
  ): Promise<{ values: Record<string, number>; norm: number }> {
    const { config } = this;
    const began = performance.now();
    this.objective.beginStep(step);
    const all = group.reduce((sum, { samples }) => sum + samples.length, 0);
    const values: Record<string, number> = {};
    let gradients: tf.NamedTensorMap = {};
    for (const [i, batch] of group.entries()) {
      const isLogged = i === 0 && config.logGradientCosines > 0 && (step + 1) % config.logGradientCosines === 0;
      const looked = await this.gradientsOf(
        batch,
        group[i + 1] ?? next,
        step * config.accumulation + i,
        isLogged ? (record) => onGradients?.({ step: step + 1, ...record }) : undefined,
      );
      const share = batch.samples.length / all;
      for (const [name, value] of Object.entries(looked.values)) values[name] = (values[name] ?? 0) + share * value;
      gradients = share === 1 ? looked.gradients : addScaled(gradients, looked.gradients, share);
    }
    const norm = this.optimizer.apply(gradients, rate, this.factors);
    this.average.update();
    const length = (await norm.data())[0];
    norm.dispose();
    this.steppedMs += performance.now() - began;
    return { values, norm: length };
  }

  /** The gradients of one batch, and its losses. */
  private async gradientsOf(
    { samples, epoch }: Batch,
    next: Batch | undefined,
    place: number,
    onGradients?: (record: Omit<GradientRecord, 'step'>) => void,
  ): Promise<{ values: Record<string, number>; gradients: tf.NamedTensorMap }> {
    const { config, data, model, objective } = this;
    const pass = Pass.training({ seed: config.seed, step: place });
    const began = performance.now();
    const { seed } = config;
    const images = await data.inputs.trainingBatch(samples, { seed, epoch });
    if (next) data.inputs.prepare?.(next.samples, { seed, epoch: next.epoch });
    const [targets, mask] = targetTensors(data, samples);
    this.waitedMs += performance.now() - began;
    if (onGradients || objective.weighting.balance) {
      const ofTasks = await this.lookAtTasks(images, { targets, mask }, place);
      objective.weighting.balance?.(ofTasks);
      onGradients?.(gradientRecord(objective.tasks, ofTasks));
    }
    const forward = (): { loss: tf.Scalar; extras: Record<string, tf.Scalar> } => {
      const { total, parts } = objective.losses(model, model.apply(images, pass), { targets, mask });
      return { loss: total, extras: parts };
    };
    const variables = this.trainedNow.map(({ variable }) => variable);
    const inputs = [...Object.values<tf.Tensor>({ ...images }), targets, mask];
    // What differs from step to step without being told of is not to be repeated, though a few steps may look the same.
    const { loss, gradients, extras } = objective.isDrawn
      ? gradientsAndExtras(forward, variables)
      : this.repeated.look({ inputs, pass, round: this.round }, forward, variables);
    const read = async (scalar: tf.Tensor): Promise<number> => (await scalar.data())[0];
    const values: Record<string, number> = { total: await read(loss) };
    for (const [name, part] of Object.entries(extras)) values[name] = await read(part);
    tf.dispose([{ ...images }, targets, mask, loss, extras]);
    return { values, gradients };
  }

  /** The gradient of each task on a batch, with the same dropout as the step; running statistics are left alone. */
  private lookAtTasks(images: ModelBatch, batch: BatchTargets, step: number): Promise<TaskGradients> {
    const { config, model, objective } = this;
    const pass = Pass.training({ seed: config.seed, step, records: false });
    const losses = objective.tasks.map((task) => [
      task,
      () => objective.scaledLossOf(task, model, model.apply(images, pass), batch),
    ]);
    return taskGradients(Object.fromEntries(losses) as Record<Task, () => tf.Scalar>, this.modelVariables);
  }

  dispose(): void {
    this.repeated.dispose();
    this.optimizer.dispose();
    this.average.dispose();
  }
}

/** sum + share · gradients, array by array; disposes both. */
function addScaled(sum: tf.NamedTensorMap, gradients: tf.NamedTensorMap, share: number): tf.NamedTensorMap {
  return Object.fromEntries(
    Object.entries(gradients).map(([name, gradient]) => {
      const added = tf.tidy(() => {
        const scaled = tf.mul(gradient, share);
        return sum[name] ? tf.add(sum[name], scaled) : scaled;
      });
      tf.dispose([gradient, ...(sum[name] ? [sum[name]] : [])]);
      return [name, added];
    }),
  );
}

function gradientRecord(tasks: readonly Task[], gradients: TaskGradients): Omit<GradientRecord, 'step'> {
  const cosines = Array.from(gradientCosines(gradients), (cosine) => (Number.isNaN(cosine) ? null : cosine));
  return { tasks, cosines: tasks.map((_, i) => cosines.slice(i * tasks.length, (i + 1) * tasks.length)) };
}

/** Targets and mask of a batch as tensors; unknown targets are 0 with mask 0. */
function targetTensors({ targets, labels }: TrainingData, batch: readonly number[]): [tf.Tensor2D, tf.Tensor2D] {
  const rows = batch.flatMap((image) => [...targets.subarray(image * labels, (image + 1) * labels)]);
  return [
    tf.tensor2d(
      rows.map((target) => (Number.isNaN(target) ? 0 : target)),
      [batch.length, labels],
    ),
    tf.tensor2d(
      rows.map((target) => (Number.isNaN(target) ? 0 : 1)),
      [batch.length, labels],
    ),
  ];
}
