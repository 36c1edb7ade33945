import {
  graphAlignmentLoss,
  labelConditionedAlignmentLoss,
  orthogonalLoss,
  threeClassCrossEntropyLoss,
  type TaskWeighting,
} from '@cxr-align/losses';
import { RandomStream } from '@cxr-align/random';
import * as tf from '@tensorflow/tfjs-core';
import type { Config } from '../config/config.js';
import { classificationLosses, type ClassificationLoss } from '../registry/classification-losses.js';
import { weightings, type Task } from '../registry/weightings.js';
import type { LabelKnowledge } from '../labels/label-knowledge.js';
import { modelTypes, type BranchOutput, type Model, type ModelOutput } from '@cxr-align/classifier';

/** What the losses know of the training set. */
export interface LabelCounts {
  /** Known positives of each label. */
  positives: number[];
  /** Known negatives of each label. */
  negatives: number[];
  /** Training samples. */
  samples: number;
}

/** A batch of targets float32 [batch, labels] in {0, 1}, and which of them are known. */
export interface BatchTargets {
  targets: tf.Tensor2D;
  mask: tf.Tensor2D;
  /** How much each known target counts, 0 where it is unknown; the mask unless given. */
  weights?: tf.Tensor2D;
  /** float32 [batch]: 0 for rows that pad the batch, whose targets all have mask 0, 1 for the others. Absent where none do. */
  rows?: tf.Tensor1D;
}

/** Which losses a run has, and why others of the configuration are left out. */
export interface TaskPlan {
  tasks: Task[];
  dropped: { task: Task; reason: string }[];
}

/** Chooses the tasks of a configuration for these labels. */
export function planTasks(config: Config, { labels, similarity }: LabelKnowledge): TaskPlan {
  const plan: TaskPlan = { tasks: ['classification'], dropped: [] };
  if (!modelTypes.get(config.model).usesPrompts) return plan;
  const reasons: [Task, string | undefined][] = [
    ['contrastive', undefined],
    ['orthogonal', labels.length < 2 ? 'it needs two labels' : undefined],
    [
      'graph',
      labels.length < 3
        ? 'it needs three labels'
        : hasOneValue(labels.length, similarity)
          ? 'all labels are equally similar in the graph'
          : undefined,
    ],
  ];
  for (const [task, reason] of reasons) {
    if (config.losses[task] === 0) continue;
    if (reason === undefined) plan.tasks.push(task);
    else plan.dropped.push({ task, reason });
  }
  return plan;
}

function hasOneValue(count: number, matrix: Float32Array): boolean {
  const others = matrix.filter((_, at) => Math.floor(at / count) !== at % count);
  return others.every((value) => Math.abs(value - others[0]) < 1e-6);
}

/** The losses of a run and how they are balanced. */
export class Objective {
  readonly weighting: TaskWeighting;
  private readonly classificationLoss: ClassificationLoss;
  private readonly similarity: tf.Tensor2D;
  private readonly related: tf.Tensor2D;
  private readonly relaxed: tf.Tensor2D;
  private readonly positiveWeight?: tf.Tensor1D;
  private readonly labelWeights?: tf.Tensor1D;
  private draws: RandomStream;
  private aligns = false;

  constructor(
    private readonly config: Config,
    readonly tasks: readonly Task[],
    knowledge: LabelKnowledge,
    counts: LabelCounts,
  ) {
    const { labels, similarity, related, weights } = knowledge;
    const n = labels.length;
    this.similarity = tf.tensor2d(similarity, [n, n]);
    this.related = tf.tensor2d(related, [n, n]);
    this.relaxed = tf.tidy(() => relaxedTarget(this.similarity));
    if (config.positiveWeight === 'balanced') this.positiveWeight = tf.tensor1d(balancedWeights(counts));
    if (weights.some((weight) => weight !== 1)) this.labelWeights = tf.tensor1d([...weights]);
    this.draws = this.drawsOf(0);
    this.classificationLoss = classificationLosses.get(config.classificationLoss)({
      labels,
      descendants: knowledge.descendants,
      counts,
      positiveWeight: this.positiveWeight,
    });
    const { weightingTemperature } = config;
    this.weighting = weightings.get(config.weighting).make({
      tasks,
      ...(weightingTemperature > 0 && { temperature: weightingTemperature }),
      random: () => this.draws,
    });
  }

  /** Has to be called before each step: what is drawn in it depends on the step alone. */
  beginStep(step: number): void {
    this.draws = this.drawsOf(step);
  }

  /** Has to be called before each epoch. @param options `aligns` leaves the classification loss out. */
  beginEpoch({ aligns }: { aligns: boolean }): void {
    this.aligns = aligns;
  }

  /**
   * The loss of a batch.
   *
   * @returns the total, and each task's own loss. The caller owns them.
   */
  losses(
    model: Model,
    output: ModelOutput,
    batch: BatchTargets,
  ): { total: tf.Scalar; parts: Record<string, tf.Scalar> } {
    const parts: Record<string, tf.Scalar> = {};
    for (const task of this.tasks) parts[task] = this.lossOf(task, model, output, batch);
    const scaled = this.tasks.map((task) => [task, tf.mul(parts[task], this.scaleOf(task))]);
    return { total: this.weighting.combine(Object.fromEntries(scaled) as Record<Task, tf.Scalar>), parts };
  }

  /**
   * The classification loss on pseudo-labels, the mean over all entries of the batch, also those without one: the fewer there are, the
   * less they count.
   */
  pseudoLabelLoss({ branches }: Pick<ModelOutput, 'branches'>, batch: BatchTargets): tf.Scalar {
    const { targets } = batch;
    // Of three classes, an unknown target would be one of them.
    const mask = branches[0].classLogits ? tf.onesLike(batch.mask) : batch.mask;
    const losses = branches.map((branch): tf.Scalar => {
      const each = tf.mul(this.classificationLosses(branch, { targets, mask }), batch.mask);
      return tf.mean(this.labelWeights ? tf.mul(each, this.labelWeights) : each);
    });
    return tf.mul(meanOf(losses), this.scaleOf('classification'));
  }

  /** Whether each step weighs the losses by random numbers or by the gradients of the tasks. */
  get isDrawn(): boolean {
    return this.weighting.balance !== undefined || weightings.get(this.config.weighting).isRandom === true;
  }

  private scaleOf(task: Task): number {
    return this.aligns && task === 'classification' ? 0 : this.config.losses[task];
  }

  /** The loss of one task as the weighting sees it. */
  scaledLossOf(task: Task, model: Model, output: ModelOutput, batch: BatchTargets): tf.Scalar {
    return tf.mul(this.lossOf(task, model, output, batch), this.scaleOf(task));
  }

  /** Gives the weighting the mean losses of an epoch. */
  observe(losses: Readonly<Record<string, number>>): void {
    this.weighting.observe?.(
      Object.fromEntries(this.tasks.map((task) => [task, losses[task] * this.config.losses[task]])),
    );
  }

  /** What each loss is multiplied by now: the weight of the configuration times that of the weighting. */
  async weights(): Promise<Record<string, number>> {
    const found = await this.weighting.weights();
    return Object.fromEntries(this.tasks.map((task) => [task, found[task] * this.scaleOf(task)]));
  }

  private drawsOf(step: number): RandomStream {
    return new RandomStream({ seed: this.config.seed, purpose: 'weighting', step });
  }

  /** Of losses of images the mean over the branches: each learns as if it were alone. */
  private lossOf(task: Task, model: Model, { branches, prompts }: ModelOutput, batch: BatchTargets): tf.Scalar {
    const splitting = branches.filter(({ embeddings }) => embeddings);
    switch (task) {
      case 'classification':
        return meanOf(branches.map((branch) => this.classificationOf(branch, batch)));
      case 'contrastive': {
        const { logitScale, bias } = model.similarity!;
        const options = { mask: batch.mask, excludedNegatives: this.related, logitScale, bias };
        return meanOf(
          splitting.map(({ embeddings, imagePrompts }) =>
            labelConditionedAlignmentLoss(embeddings!, imagePrompts ?? prompts!, batch.targets, options),
          ),
        );
      }
      case 'orthogonal':
        return orthogonalLoss(prompts!.positive, { target: this.relaxed });
      case 'graph': {
        const ofImages = meanOf(splitting.map(({ embeddings }) => this.graphOf(embeddings!, batch.rows)));
        const ofPrompts = graphAlignmentLoss(tf.expandDims(prompts!.positive, 0), this.similarity);
        return tf.div(tf.add(ofImages, ofPrompts), 2);
      }
    }
  }

  /** The classification loss of each target of a branch [batch, labels], known or not. */
  classificationLosses({ logits, classLogits }: BranchOutput, { targets, mask }: BatchTargets): tf.Tensor {
    return classLogits
      ? threeClassCrossEntropyLoss(classLogits, classesOf(targets, mask), { reduction: 'none' })
      : this.classificationLoss(logits, targets, { mask, reduction: 'none' });
  }

  private classificationOf(branch: BranchOutput, batch: BatchTargets): tf.Scalar {
    const { mask, weights = mask, rows } = batch;
    const counted = branch.classLogits
      ? rows && (tf.mul(tf.expandDims(rows, 1), tf.onesLike(mask)) as tf.Tensor2D)
      : weights;
    return this.weighted(this.classificationLosses(branch, batch), counted);
  }

  private graphOf(embeddings: tf.Tensor3D, rows?: tf.Tensor1D): tf.Scalar {
    if (!rows) return graphAlignmentLoss(embeddings, this.similarity);
    const each = graphAlignmentLoss(embeddings, this.similarity, { reduction: 'none' });
    return tf.div(tf.sum(tf.mul(each, rows)), tf.sum(rows));
  }

  /** The mean over the known targets, each label with its weight. */
  private weighted(losses: tf.Tensor, mask?: tf.Tensor2D): tf.Scalar {
    const { labelWeights } = this;
    const each = labelWeights ? tf.mul(losses, labelWeights) : losses;
    if (!mask) return tf.mean(each);
    return tf.div(tf.sum(tf.mul(each, mask)), tf.maximum(tf.sum(mask), 1));
  }

  dispose(): void {
    this.weighting.dispose();
    const { similarity, related, relaxed, positiveWeight, labelWeights } = this;
    tf.dispose([similarity, related, relaxed, ...[positiveWeight, labelWeights].flatMap((tensor) => tensor ?? [])]);
  }
}

function meanOf(losses: readonly tf.Scalar[]): tf.Scalar {
  return losses.length === 1 ? losses[0] : tf.div(tf.addN([...losses]), losses.length);
}

/** Classes of targets, as `threeClassCrossEntropyLoss` takes them: present 0, absent 1, unknown 2. */
function classesOf(targets: tf.Tensor2D, mask: tf.Tensor2D): tf.Tensor2D {
  return tf.cast(
    tf.where(tf.cast(mask, 'bool'), tf.sub(1, targets), tf.fill(targets.shape, 2)),
    'int32',
  ) as tf.Tensor2D;
}

/** negatives / positives of each label, between 1 and 10. */
function balancedWeights({ positives, negatives }: LabelCounts): number[] {
  return positives.map((count, i) => Math.min(10, Math.max(1, negatives[i] / Math.max(1, count))));
}

/** The cosine that two prompts may have: their similarity, the largest of different labels being 0.5. */
function relaxedTarget(similarity: tf.Tensor2D): tf.Tensor2D {
  const [n] = similarity.shape;
  const others = tf.mul(similarity, tf.sub(1, tf.eye(n)));
  return tf.div(tf.mul(others, 0.5), tf.maximum(tf.max(others), 1e-6));
}
