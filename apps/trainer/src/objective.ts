import {
  binaryCrossEntropy,
  FixedWeighting,
  graphAlignment,
  labelConditionedAlignment,
  orthogonalLoss,
  UncertaintyWeighting,
  type TaskKind,
  type TaskWeighting,
} from '@cxr-align/losses';
import * as tf from '@tensorflow/tfjs-core';
import type { Config } from './config.js';
import type { Model, ModelOutput } from './model.js';

/** The names of the tasks. */
export type Task = 'classification' | 'contrastive' | 'orthogonal' | 'graph';

/** What the losses know of the labels: plain matrices in label order. */
export interface LabelKnowledge {
  labels: readonly string[];
  /** [labels, labels]: how similar labels are. */
  similarity: Float32Array;
  /** [labels, labels]: 1 for ancestors and descendants. */
  related: Float32Array;
}

/** Which losses a run has, and why others that were asked for are left out. */
export interface TaskPlan {
  tasks: Task[];
  dropped: { task: Task; reason: string }[];
}

/** Chooses the tasks of a configuration for these labels. */
export function planTasks(config: Config, { labels, similarity }: LabelKnowledge): TaskPlan {
  const plan: TaskPlan = { tasks: ['classification'], dropped: [] };
  if (config.model !== 'aligned') return plan;
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
  private readonly similarity: tf.Tensor2D;
  private readonly related: tf.Tensor2D;
  private readonly relaxed: tf.Tensor2D;

  constructor(
    private readonly config: Config,
    readonly tasks: readonly Task[],
    { labels, similarity, related }: LabelKnowledge,
    private readonly positiveWeight?: tf.Tensor1D,
  ) {
    const n = labels.length;
    this.similarity = tf.tensor2d(similarity, [n, n]);
    this.related = tf.tensor2d(related, [n, n]);
    this.relaxed = tf.tidy(() => relaxedTarget(this.similarity));
    this.weighting =
      config.weighting === 'fixed'
        ? new FixedWeighting(Object.fromEntries(tasks.map((task) => [task, config.losses[task]])))
        : new UncertaintyWeighting(Object.fromEntries(tasks.map((task) => [task, kinds[task]])));
  }

  /**
   * The loss of a batch.
   *
   * @param targets float32 [batch, labels] in {0, 1}. @param mask 1 = known.
   * @returns the total, and each task's own loss. The caller owns them.
   */
  losses(
    model: Model,
    output: ModelOutput,
    targets: tf.Tensor2D,
    mask: tf.Tensor2D,
  ): { total: tf.Scalar; parts: Record<string, tf.Scalar> } {
    const parts: Record<string, tf.Scalar> = {};
    for (const task of this.tasks) parts[task] = this.lossOf(task, model, output, targets, mask);
    const scaled =
      this.config.weighting === 'fixed'
        ? parts
        : Object.fromEntries(
            this.tasks.map((task) => [task, tf.mul<tf.Scalar>(parts[task], this.config.losses[task])]),
          );
    return { total: this.weighting.combine(scaled), parts };
  }

  private lossOf(
    task: Task,
    model: Model,
    { logits, embeddings, prompts }: ModelOutput,
    targets: tf.Tensor2D,
    mask: tf.Tensor2D,
  ): tf.Scalar {
    switch (task) {
      case 'classification':
        return binaryCrossEntropy(logits, targets, { mask, posWeight: this.positiveWeight }) as tf.Scalar;
      case 'contrastive': {
        const { logitScale, bias } = model.similarity!;
        return labelConditionedAlignment(embeddings!, prompts!, targets, {
          mask,
          related: this.related,
          logitScale,
          bias,
        }).loss;
      }
      case 'orthogonal':
        return orthogonalLoss(prompts!.positive, { target: this.relaxed }) as tf.Scalar;
      case 'graph': {
        const ofImages = graphAlignment(embeddings!, this.similarity);
        const ofPrompts = graphAlignment(tf.expandDims(prompts!.positive, 0), this.similarity);
        return tf.div(tf.add(ofImages, ofPrompts), 2);
      }
    }
  }

  dispose(): void {
    this.weighting.dispose();
    tf.dispose([this.similarity, this.related, this.relaxed, ...(this.positiveWeight ? [this.positiveWeight] : [])]);
  }
}

const kinds: Record<Task, TaskKind> = {
  classification: 'classification',
  contrastive: 'classification',
  orthogonal: 'regression',
  graph: 'regression',
};

/** The cosine that two prompts may have: their similarity, the largest of different labels being 0.5. */
function relaxedTarget(similarity: tf.Tensor2D): tf.Tensor2D {
  const [n] = similarity.shape;
  const others = tf.mul(similarity, tf.sub(1, tf.eye(n)));
  return tf.div(tf.mul(others, 0.5), tf.maximum(tf.max(others), 1e-6));
}
