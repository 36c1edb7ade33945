import { taskGradients, type TaskGradients } from '@cxr-align/losses';
import {
  CapturedGradients,
  createStepCapture,
  ForwardContext,
  ModelPrecision,
  type Parameter,
  type StepCapture,
  type StepCaptureReport,
} from '@cxr-align/nn';
import { valueAndGradients } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { Task } from '../registry/weightings.js';
import { type BadStep, causeOfBadStep } from './bad-step.js';
import type { Batch } from './batches.js';
import { mixUp, type MixedBatch } from './mixup.js';
import { joinBatches, outputRows } from './output-rows.js';
import { effectOfPadding, padded, type Padding } from './padding.js';
import type { GradientRecord, PseudoLabelCounts } from './records.js';
import type { StepContext } from './step-context.js';
import { bytesOfStep } from './step-memory.js';
import type { PseudoLabelledBatch } from './unlabelled/pseudo-labeller.js';
import { addScaled, gradientRecord, targetTensors } from './step-tensors.js';

/** What holds for all steps of an epoch. */
export interface EpochContext {
  trainedNow: readonly Parameter[];
  learningRateMultipliers?: readonly number[];
  captureVersion: number;
}

/** Which batch it is: of how many steps before, and of how many batches. */
interface BatchPlace {
  step: number;
  place: number;
}

/** A step in numbers. */
export interface TakenStep {
  /** Its loss, and each task's own. */
  values: Record<string, number>;
  /** The global gradient norm. */
  norm: number;
  /** Pseudo-labels that it was taken on, beside the labels. */
  pseudoLabels?: PseudoLabelCounts;
  /** Why it was skipped, where it was. */
  bad?: BadStep;
}

/** The tensors of a batch; unknown targets have mask 0. */
interface LoadedBatch extends MixedBatch {
  /** Images without labels beside them. */
  archive?: PseudoLabelledBatch;
}

const tensorsOf = ({ images, targets, mask, weights, rows, archive }: LoadedBatch): tf.Tensor[] => [
  ...Object.values<tf.Tensor>({ ...images }),
  targets,
  mask,
  ...(weights ? [weights] : []),
  ...(rows ? [rows] : []),
  ...(archive ? [...tensorsOf(archive), archive.weight] : []),
];

/** Takes the steps of a training: gradients of a batch, the update, the average of the weights. */
export class StepTaker {
  /** How gradients are computed by themselves, and whole steps. */
  private readonly captured: CapturedGradients;
  private readonly whole: StepCapture;
  private readonly precision: ModelPrecision;
  /** Milliseconds that batches were waited for, and that steps took with it. */
  waitedMs = 0;
  steppedMs = 0;
  private readonly modelVariables: tf.Variable[];
  /** What a forward pass assigns to: the moving statistics. */
  private readonly statistics: tf.Variable[];
  private epoch: EpochContext = { trainedNow: [], captureVersion: 0 };
  /** How batches get one shape; undefined until that is decided. */
  padding?: Padding;

  constructor(private readonly given: StepContext) {
    const { parameters, config } = given;
    const { stepCapture } = config;
    this.precision = new ModelPrecision(config.precision);
    this.captured = new CapturedGradients({ stepCapture, precision: this.precision });
    this.whole = createStepCapture({ stepCapture, precision: config.precision });
    this.modelVariables = parameters.trainable().map(({ variable }) => variable);
    this.statistics = parameters.all().flatMap(({ trainable, variable }) => (trainable ? [] : [variable]));
  }

  /** How the steps were computed so far: in one call of the engine, or operation by operation and why. */
  get captureReport(): StepCaptureReport {
    const [whole, gradients] = [this.whole.report(), this.captured.report()];
    return whole.captured + whole.opByOp > 0 ? whole : gradients;
  }

  /** Has to be called before the steps of an epoch. */
  beginEpoch(epoch: EpochContext): void {
    this.epoch = epoch;
  }

  /**
   * Takes one step on some batches together; where its loss or gradients are NaN or infinite, everything stays as it was, and `bad`
   * reports why.
   */
  async take(group: readonly Batch[], next: Batch | undefined, step: number, learningRate: number): Promise<TakenStep> {
    const { config, objective, pseudoLabeller } = this.given;
    const began = performance.now();
    this.padding ??= await this.decidePadding();
    objective.beginStep(step);
    const balanced = objective.weighting.state?.();
    const thresholds = pseudoLabeller?.state;
    const before = this.statistics.map((variable) => tf.clone(variable));
    try {
      const { values, norm } =
        (await this.takeWhole(group, next, step, learningRate)) ??
        (await this.takeApart(group, next, step, learningRate));
      const pseudoLabels = pseudoLabeller?.takeCounts();
      if (Number.isFinite(norm)) return { values, norm, pseudoLabels };
      if (thresholds) pseudoLabeller?.restore(thresholds);
      this.statistics.forEach((variable, i) => variable.assign(before[i]));
      if (balanced !== undefined) objective.weighting.restore?.(balanced);
      const places = group.map((batch, i) => ({ batch, place: step * config.accumulation + i }));
      return { values, norm, bad: await this.lookInto(places, { step: step + 1, losses: values, gradientNorm: norm }) };
    } finally {
      tf.dispose(before);
      this.steppedMs += performance.now() - began;
    }
  }

  /**
   * Batches are padded to one size where their steps are compiled, so that one function serves all, and where that changes neither
   * loss nor gradients.
   */
  private async decidePadding(): Promise<Padding> {
    const { objective, batchSizes, pseudoLabeller } = this.given;
    const rows = Math.max(...batchSizes);
    const isCompiled = this.whole.report().mode === 'xla' && !objective.isDrawn;
    if (!isCompiled || new Set(batchSizes).size < 2) return {};
    if (pseudoLabeller) return { reason: 'they have images without labels in them' };
    const effect = await effectOfPadding(this.given);
    if (effect === undefined) return { rows };
    return {
      reason: `a padded row changes loss or gradients by ${effect.toExponential(1)} of their norm: something takes the mean over all rows of a batch`,
    };
  }

  /** Bytes that the tensors of a step of some images take at its peak beside the weights. Has to be called before the first one. */
  bytesOfStep(images: number): Promise<number> {
    return bytesOfStep(this.given, images);
  }

  /** What was wrong with a step, which is computed once more. */
  private async lookInto(
    group: readonly { batch: Batch; place: number }[],
    found: Pick<BadStep, 'step' | 'losses' | 'gradientNorm'>,
  ): Promise<BadStep> {
    const { config, model, objective, data } = this.given;
    const { seed } = config;
    const { sample: nameOf = String, labels = Array.from({ length: data.labels }, (_, i) => `label ${i}`) } =
      data.names ?? {};
    const cause = await causeOfBadStep(
      {
        model,
        objective,
        parameters: [...new Set([...this.given.parameters.all(), ...this.given.trained])],
        variables: this.epoch.trainedNow.map(({ variable }) => variable),
        labels,
        nameOf,
        batchOf: async ({ samples, epoch }) => {
          const images = await data.inputs.trainingBatch(samples, { seed, epoch });
          const [targets, mask] = targetTensors(data, samples);
          return { images, targets: { targets, mask } };
        },
        contextOf: (step) => new ForwardContext({ training: true, seed, step, updateStatistics: false }),
      },
      group,
    );
    return { ...found, samples: group.flatMap(({ batch }) => batch.samples.map(nameOf)), cause };
  }

  /** Takes a step of one batch in one call of the engine; undefined where it has to be taken apart. */
  private async takeWhole(
    group: readonly Batch[],
    next: Batch | undefined,
    step: number,
    learningRate: number,
  ): Promise<Pick<TakenStep, 'values' | 'norm'> | undefined> {
    const { config, objective, optimizer, average } = this.given;
    const isWhole =
      optimizer.hasPart && config.accumulation === 1 && config.stepCapture !== 'off' && !objective.isDrawn;
    if (!isWhole) return undefined;
    const batch = await this.load(group[0], next, { step, place: step }, this.logOf(step, 0));
    const { learningRateMultipliers, captureVersion } = this.epoch;
    const updated = optimizer.part({ learningRate, learningRateMultipliers });
    const averaged = average.part();
    const context = new ForwardContext({ training: true, seed: config.seed, step, rows: batch.rows });
    const variables = this.epoch.trainedNow.map(({ variable }) => variable);
    const inputs = [...tensorsOf(batch), ...updated.inputs, ...averaged.inputs];
    const hasDrawn = (): boolean => context.hasDrawn;
    const results = this.whole.run({ inputs, step, captureVersion, hasDrawn }, (at) => {
      const now = at === step ? context : context.at(at);
      const { loss, gradients, aux } = this.gradientsBy(() => this.lossesOf(batch, now), variables);
      const taken = updated.compute(gradients, loss);
      tf.dispose(gradients);
      const parts = Object.entries(aux).map(([name, part]) => [`aux/${name}`, part]);
      return { loss, ...(Object.fromEntries(parts) as tf.NamedTensorMap), ...taken, ...averaged.compute() };
    });
    const norm = await updated.keep(results);
    if (Number.isFinite(norm)) averaged.keep(results);
    else averaged.drop(results);
    const values: Record<string, number> = {};
    for (const [name, tensor] of Object.entries(results)) {
      if (name !== 'loss' && !name.startsWith('aux/')) continue;
      [values[name === 'loss' ? 'total' : name.slice('aux/'.length)]] = await tensor.data();
      tensor.dispose();
    }
    tf.dispose(tensorsOf(batch));
    return { values, norm };
  }

  /** Takes a step on some batches: their gradients, the update, the average, each by itself. */
  private async takeApart(
    group: readonly Batch[],
    next: Batch | undefined,
    step: number,
    learningRate: number,
  ): Promise<Pick<TakenStep, 'values' | 'norm'>> {
    const { optimizer, average } = this.given;
    const { values, gradients } = await this.gradientsOfGroup(group, next, step);
    const { learningRateMultipliers } = this.epoch;
    // Without a finite loss there are no gradients to take; the optimizer itself refuses those that are not finite.
    if (!Number.isFinite(values.total)) {
      tf.dispose(gradients);
      return { values, norm: NaN };
    }
    const norm = await optimizer.takeStep(gradients, { learningRate, learningRateMultipliers });
    if (Number.isFinite(norm)) average.update();
    return { values, norm };
  }

  /** Takes the record of the tasks' gradients on a batch of a step, where it is to be logged. */
  private logOf(step: number, batch: number): ((record: Omit<GradientRecord, 'step'>) => unknown) | undefined {
    const { config, onGradients } = this.given;
    const isLogged = batch === 0 && config.logGradientCosines > 0 && (step + 1) % config.logGradientCosines === 0;
    return isLogged ? (record) => onGradients({ step: step + 1, ...record }) : undefined;
  }

  /** The mean gradients of some batches, and their losses. */
  private async gradientsOfGroup(
    group: readonly Batch[],
    next: Batch | undefined,
    step: number,
  ): Promise<{ values: Record<string, number>; gradients: tf.NamedTensorMap }> {
    const { config } = this.given;
    const all = group.reduce((sum, { samples }) => sum + samples.length, 0);
    const values: Record<string, number> = {};
    let gradients: tf.NamedTensorMap = {};
    for (const [i, batch] of group.entries()) {
      const at = { step, place: step * config.accumulation + i };
      const looked = await this.gradientsOf(batch, group[i + 1] ?? next, at, this.logOf(step, i));
      const share = batch.samples.length / all;
      for (const [name, value] of Object.entries(looked.values)) values[name] = (values[name] ?? 0) + share * value;
      gradients = share === 1 ? looked.gradients : addScaled(gradients, looked.gradients, share);
    }
    return { values, gradients };
  }

  /** The tensors of a batch; the next one is prepared meanwhile, and the losses balanced by the tasks' gradients where asked. */
  private async load(
    { samples, epoch }: Batch,
    next: Batch | undefined,
    { step, place }: BatchPlace,
    onGradients?: (record: Omit<GradientRecord, 'step'>) => unknown,
  ): Promise<LoadedBatch> {
    const { config, data, objective, pseudoLabeller } = this.given;
    const began = performance.now();
    const { seed, mixup } = config;
    const batch = data.inputs.trainingBatch(samples, { seed, epoch });
    const read = await (data.watch?.(batch, samples) ?? batch);
    if (next) data.inputs.prepare?.(next.samples, { seed, epoch: next.epoch });
    const [targets, mask] = targetTensors(data, samples);
    this.waitedMs += performance.now() - began;
    const plain = { images: read, targets, mask };
    const labelled = mixup > 0 ? mixUp(plain, mixup, { seed, step: place }) : plain;
    if (onGradients || objective.weighting.balance) {
      const ofTasks = await this.lookAtTasks(labelled, place);
      if (isFiniteEach(ofTasks)) objective.weighting.balance?.(ofTasks);
      onGradients?.(gradientRecord(objective.tasks, ofTasks));
    }
    if (this.padding?.rows !== undefined) return padded(labelled, this.padding.rows);
    const archive = await pseudoLabeller?.batch(place, step);
    return archive ? { ...labelled, archive } : labelled;
  }

  /** The gradients of one batch, and its losses. */
  private async gradientsOf(
    batch: Batch,
    next: Batch | undefined,
    at: BatchPlace,
    onGradients?: (record: Omit<GradientRecord, 'step'>) => unknown,
  ): Promise<{ values: Record<string, number>; gradients: tf.NamedTensorMap }> {
    const { config, objective } = this.given;
    const loaded = await this.load(batch, next, at, onGradients);
    const context = new ForwardContext({ training: true, seed: config.seed, step: at.place, rows: loaded.rows });
    const forward = (now: ForwardContext): ReturnType<StepTaker['lossesOf']> => this.lossesOf(loaded, now);
    const variables = this.epoch.trainedNow.map(({ variable }) => variable);
    const inputs = tensorsOf(loaded);
    // Steps that differ by random numbers must not be replayed, though a few may look the same.
    const { loss, gradients, aux } = objective.isDrawn
      ? this.gradientsBy(() => forward(context), variables)
      : this.captured.compute({ inputs, context, captureVersion: this.epoch.captureVersion }, forward, variables);
    const read = async (scalar: tf.Tensor): Promise<number> => (await scalar.data())[0];
    const values: Record<string, number> = { total: await read(loss) };
    for (const [name, part] of Object.entries(aux)) values[name] = await read(part);
    tf.dispose([inputs, loss, aux]);
    return { values, gradients };
  }

  private gradientsBy(
    forward: () => ReturnType<StepTaker['lossesOf']>,
    variables: tf.Variable[],
  ): ReturnType<typeof valueAndGradients> {
    return this.precision.gradients(() => valueAndGradients(forward, variables));
  }

  /** The loss of a batch, and each task's own; of images without labels, which pass through the model with the others, one more. */
  private lossesOf(
    { images, archive, ...targets }: LoadedBatch,
    context: ForwardContext,
  ): { loss: tf.Scalar; aux: Record<string, tf.Scalar> } {
    const { model, objective } = this.given;
    const joined = archive ? joinBatches(images, archive.images) : images;
    const output = this.precision.model(() => model.forward(joined, context));
    if (!archive) {
      const { total, parts } = objective.losses(model, output, targets);
      return { loss: total, aux: parts };
    }
    const [labelled, others] = [targets, archive].map(({ targets: { shape } }) => shape[0]);
    const { total, parts } = objective.losses(model, outputRows(output, 0, labelled), targets);
    const unlabelled = objective.pseudoLabelLoss(outputRows(output, labelled, others), archive);
    return { loss: tf.add(total, tf.mul(unlabelled, archive.weight)), aux: { ...parts, unlabelled } };
  }

  /** The gradient of each task on a batch in float32, with the same dropout as the step; running statistics are left alone. */
  private lookAtTasks({ images, ...batch }: LoadedBatch, step: number): Promise<TaskGradients> {
    const { config, model, objective } = this.given;
    const context = new ForwardContext({ training: true, seed: config.seed, step, updateStatistics: false });
    const losses = objective.tasks.map((task) => [
      task,
      () => objective.scaledLossOf(task, model, model.forward(images, context), batch),
    ]);
    return taskGradients(Object.fromEntries(losses) as Record<Task, () => tf.Scalar>, this.modelVariables);
  }

  dispose(): void {
    this.captured.dispose();
    this.whole.dispose();
  }
}

/** Whether the gradients of tasks can be balanced; the step is skipped where not. */
function isFiniteEach({ products, losses }: TaskGradients): boolean {
  return [...Array.from(products), ...Object.values(losses)].every(Number.isFinite);
}
