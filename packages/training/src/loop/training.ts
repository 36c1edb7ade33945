import { AdamW, type Parameter, type Parameters, type StepCaptureReport } from '@cxr-align/nn';
import type { Config } from '../config/config.js';
import type { Model } from '@cxr-align/classifier';
import type { Objective } from './objective.js';
import { type BadStep, badStepText, NonFiniteError, refuseNonFinite } from './bad-step.js';
import { type Batch, epochBatches } from './batches.js';
import { learningRateAt } from './learning-rate.js';
import { learningRateMultipliers } from './learning-rate-multipliers.js';
import type { EpochRecord, EpochSums, GradientRecord, TrainingData, Values } from './records.js';
import type { Padding } from './padding.js';
import { StepTaker, type TakenStep } from './step-taker.js';
import { balancedWeights } from './sampling-weights.js';
import { countLabels } from './training-set.js';
import { WeightAverage } from './weight-average.js';
import { addCounts, noPseudoLabels } from './unlabelled/pseudo-label-counts.js';
import { PseudoLabeller } from './unlabelled/pseudo-labeller.js';

/** Events of the loop; each may throw, which ends it between two steps. */
export interface TrainingEvents {
  onStep?: (step: number, total: number, loss: number) => Promise<void> | void;
  /** After a step that was skipped since a number in it was NaN or infinite, before `onStep`. */
  onBadStep?: (step: BadStep) => Promise<void> | void;
  /** After an epoch, before it is counted as done; the averaged weights are in the model while `validate` runs. */
  validate: () => Promise<number>;
  onEpoch?: (record: EpochRecord) => Promise<void> | void;
}

/**
 * The training loop: batches in an order of the epoch, one step each, validation after each epoch on the averaged
 * weights. It knows no terminal and no files.
 */
export class TrainingLoop {
  readonly optimizer: AdamW;
  readonly average: WeightAverage;
  /** Makes pseudo-labels for the images without labels, where such are trained on. */
  readonly pseudoLabeller?: PseudoLabeller;
  private readonly steps: StepTaker;
  /** The probability of each training image, where sampling is balanced. */
  private readonly samplingWeights?: Float64Array;
  readonly trained: Parameter[];
  /** Epochs that are finished. */
  epoch = 0;
  best = -Infinity;
  bestEpoch = -1;
  /** The averaged weights of the best epoch; none before the first. */
  bestWeights?: Values;
  /** The sums of the epoch under way; undefined between epochs. */
  sums?: EpochSums;
  /** The epoch whose steps are done and whose validation is not. */
  unvalidated?: EpochRecord;
  /** All epochs that are finished. */
  readonly history: EpochRecord[] = [];
  /** The gradients of every `logGradientCosines`-th step. */
  readonly gradients: GradientRecord[] = [];
  /** Steps that were skipped since a number in them was NaN or infinite. */
  skippedSteps = 0;
  /** How the steps before this process were computed. */
  earlierSteps?: Pick<StepCaptureReport, 'captured' | 'opByOp' | 'checked' | 'possiblyStale'>;
  /** False while a step is taken: the state is then neither that before nor that after it. */
  isBetweenSteps = true;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** What a step depends on besides batch, weights and its number, as text, and how often that has changed. */
  private surroundings = '';
  private captureVersion = 0;
  /** The batches of the epoch after this one; none after the last. */
  private upcoming: Batch[] = [];

  constructor(
    private readonly config: Config,
    model: Model,
    private readonly parameters: Parameters,
    readonly objective: Objective,
    private readonly data: TrainingData,
  ) {
    const balance = objective.weighting.variables.map((variable, i) => ({
      name: `weighting/${i}`,
      variable,
      trainable: true,
    }));
    this.trained = [...parameters.trainable(), ...balance];
    const { weightDecay, maxGradientNorm, stepCapture } = config;
    this.optimizer = new AdamW(this.trained, { weightDecay, maxGradientNorm, stepCapture });
    this.average = new WeightAverage(parameters.all(), config.weightAveraging, stepCapture);
    const { trained, optimizer, average } = this;
    const onGradients = (record: GradientRecord): unknown => this.gradients.push(record);
    const together = config.batchSize * config.accumulation;
    this.stepsPerEpoch = Math.max(1, Math.floor((data.training.length + together / 2) / together));
    this.totalSteps = this.stepsPerEpoch * config.epochs;
    const { training, targets, labels, archive } = data;
    if (config.sampling === 'balanced') this.samplingWeights = balancedWeights(targets, training, labels);
    if (archive)
      this.pseudoLabeller = new PseudoLabeller({
        config,
        model,
        average,
        archive,
        counts: countLabels(targets, training, labels),
        rampSteps: config.unlabelled.rampUp * this.stepsPerEpoch,
      });
    const batchSizes = epochBatches(data.training, config.seed, 0, this.stepsPerEpoch * config.accumulation).map(
      ({ samples }) => samples.length,
    );
    this.steps = new StepTaker({
      config,
      model,
      parameters,
      trained,
      objective,
      data,
      batchSizes: [...new Set(batchSizes)],
      optimizer,
      average,
      pseudoLabeller: this.pseudoLabeller,
      onGradients,
    });
  }

  /** How batches of several sizes get one shape; undefined before the first step. */
  get padding(): Padding | undefined {
    return this.steps.padding;
  }

  /** How the gradients of the steps were computed so far: replayed as one operation, or operation by operation and why. */
  get captureReport(): StepCaptureReport {
    const { earlierSteps: earlier } = this;
    const report = this.steps.captureReport;
    if (!earlier) return report;
    const sum = (name: 'captured' | 'opByOp' | 'checked' | 'possiblyStale'): number => report[name] + earlier[name];
    return {
      ...report,
      captured: sum('captured'),
      opByOp: sum('opByOp'),
      checked: sum('checked'),
      possiblyStale: sum('possiblyStale'),
    };
  }

  /** Milliseconds that batches were waited for, and that steps took with it. */
  get durations(): { waitedMs: number; steppedMs: number } {
    const { waitedMs, steppedMs } = this.steps;
    return { waitedMs, steppedMs };
  }

  /** Bytes that the tensors of a step take at its peak beside the weights. Has to be called before the first one. */
  bytesOfStep(): Promise<number> {
    const batches = this.stepsPerEpoch * this.config.accumulation;
    const labelled = Math.ceil(this.data.training.length / batches);
    return this.steps.bytesOfStep(labelled + (this.pseudoLabeller?.images ?? 0));
  }

  /** Steps that are done. */
  get step(): number {
    const ofEpoch = this.unvalidated ? this.stepsPerEpoch : (this.sums?.steps ?? 0);
    return this.epoch * this.stepsPerEpoch + ofEpoch;
  }

  /** Runs the epochs that are left, from the step on that was reached. */
  async run(events: TrainingEvents): Promise<void> {
    while (!this.isFinished) {
      const record = (this.unvalidated ??= await this.runEpoch(events));
      const validation = await this.withAverage(events.validate);
      // A score that is undefined throughout leaves the last epoch as the best one.
      const isBest = Number.isNaN(validation) ? this.best === -Infinity : validation > this.best;
      if (isBest) {
        this.bestWeights = await this.withAverage(() => this.parameters.values());
        refuseNonFinite(this.bestWeights, `the model after epoch ${this.epoch + 1}`);
      }
      record.validation = Number.isNaN(validation) ? null : validation;
      this.unvalidated = undefined;
      this.epoch++;
      this.history.push(record);
      if (isBest) {
        if (!Number.isNaN(validation)) this.best = validation;
        this.bestEpoch = this.epoch;
      }
      await events.onEpoch?.(record);
    }
  }

  /** Does something with the averaged weights in the model. */
  private async withAverage<T>(work: () => Promise<T>): Promise<T> {
    this.average.swap();
    try {
      return await work();
    } finally {
      this.average.swap();
    }
  }

  /** Whether all epochs are done, or as many as are of use. */
  get isFinished(): boolean {
    return this.epoch >= this.config.epochs || this.hasStopped;
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
      : epochBatches(data.training, config.seed, epoch, stepsPerEpoch * config.accumulation, this.samplingWeights);
  }

  /** Takes the steps of an epoch that are left. */
  private async runEpoch({ onStep, onBadStep }: TrainingEvents): Promise<EpochRecord> {
    const { config, stepsPerEpoch } = this;
    const { accumulation } = config;
    const batches = this.batchesOf(this.epoch);
    this.upcoming = this.epoch + 1 < config.epochs ? this.batchesOf(this.epoch + 1) : [];
    // The first batch of the next epoch is read while the last step of this one and its validation run.
    const andNext = [...batches, ...this.upcoming.slice(0, 1)];
    await this.beginEpoch();
    const sums = (this.sums ??= { steps: 0, losses: {}, norms: 0, learningRate: 0 });
    while (sums.steps < stepsPerEpoch) {
      const i = sums.steps;
      const step = this.epoch * stepsPerEpoch + i;
      const group = batches.slice(i * accumulation, (i + 1) * accumulation);
      const size = group.reduce((sum, { samples }) => sum + samples.length, 0);
      const learningRate = learningRateAt(config, step, stepsPerEpoch);
      this.isBetweenSteps = false;
      const taken = await this.steps.take(group, andNext[(i + 1) * accumulation], step, learningRate);
      addStep(sums, { ...taken, size, learningRate });
      this.isBetweenSteps = true;
      if (taken.bad) {
        this.skippedSteps++;
        await onBadStep?.(taken.bad);
      }
      await onStep?.(step + 1, this.totalSteps, taken.values.total);
      if (taken.bad && this.skippedSteps > config.maxBadSteps) throw this.tooManyBadSteps(taken.bad);
    }
    return this.endEpoch(sums);
  }

  /** Sets what an epoch is trained with. */
  private async beginEpoch(): Promise<void> {
    const { config } = this;
    const factors = learningRateMultipliers(config, this.trained, this.epoch);
    this.objective.beginEpoch({ aligns: this.epoch < config.alignEpochs });
    const surroundings = JSON.stringify([factors, await this.objective.weights()]);
    if (surroundings !== this.surroundings) this.captureVersion++;
    this.surroundings = surroundings;
    this.steps.beginEpoch({
      trainedNow: this.trained.filter((_, i) => factors[i] !== 0),
      learningRateMultipliers: factors.every((factor) => factor === 1) ? undefined : factors,
      captureVersion: this.captureVersion,
    });
  }

  private tooManyBadSteps(bad: BadStep): NonFiniteError {
    const { skippedSteps, config, totalSteps } = this;
    return new NonFiniteError(
      `training: ${badStepText(bad, totalSteps)}; ${skippedSteps} such step${skippedSteps === 1 ? '' : 's'}, more than maxBadSteps allows (${config.maxBadSteps})`,
      bad,
    );
  }

  /** An epoch whose steps are done, in numbers. */
  private async endEpoch(sums: EpochSums): Promise<EpochRecord> {
    const { stepsPerEpoch } = this;
    const { losses: summed, norms, learningRate, skipped = { steps: 0, images: 0 }, pseudoLabels } = sums;
    const images = this.data.training.length - skipped.images;
    const { total, ...losses } = Object.fromEntries(Object.entries(summed).map(([name, sum]) => [name, sum / images]));
    if (images > 0) this.objective.observe(losses);
    const weights = await this.objective.weights();
    const { pseudoLabeller } = this;
    if (pseudoLabeller) weights.unlabelled = pseudoLabeller.weightAt((this.epoch + 1) * stepsPerEpoch - 1);
    this.sums = undefined;
    return {
      epoch: this.epoch + 1,
      step: (this.epoch + 1) * stepsPerEpoch,
      learningRate,
      loss: total ?? NaN,
      losses,
      weights,
      gradientNorm: norms / (stepsPerEpoch - skipped.steps),
      validation: null,
      ...(skipped.steps > 0 && { skippedSteps: skipped.steps }),
      ...(pseudoLabels && { pseudoLabels }),
    };
  }

  dispose(): void {
    this.steps.dispose();
    this.pseudoLabeller?.dispose();
    this.optimizer.dispose();
    this.average.dispose();
  }
}

/** Adds a step to the sums of its epoch. */
function addStep(sums: EpochSums, step: TakenStep & { size: number; learningRate: number }): void {
  sums.steps++;
  sums.learningRate = step.learningRate;
  if (step.bad) {
    const { steps, images } = sums.skipped ?? { steps: 0, images: 0 };
    sums.skipped = { steps: steps + 1, images: images + step.size };
    return;
  }
  if (step.pseudoLabels) sums.pseudoLabels = addCounts(sums.pseudoLabels ?? noPseudoLabels(), step.pseudoLabels);
  for (const [name, value] of Object.entries(step.values))
    sums.losses[name] = (sums.losses[name] ?? 0) + value * step.size;
  sums.norms += step.norm;
}
