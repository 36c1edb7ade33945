import { type Model, type ModelBatch, nonFinite } from '@cxr-align/classifier';
import { ForwardContext, type Parameter } from '@cxr-align/nn';
import { valueAndGradients } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from './batches.js';
import type { BatchTargets, Objective } from './objective.js';

/** A step that was skipped because a number in it was NaN or infinite. */
export interface BadStep {
  /** Counted from 1. */
  step: number;
  /** The loss, and each task's own. */
  losses: Record<string, number>;
  /** Of all gradients; NaN where the loss was no number, and none were taken. */
  gradientNorm: number;
  /** Names of the images in its batch. */
  samples: readonly string[];
  /** What was not finite first: an array of the model, the input of an image, a label's logit or loss, or gradients. */
  cause: string;
}

/** A training that cannot continue: its numbers are NaN or infinite. */
export class NonFiniteError extends Error {
  override readonly name = 'NonFiniteError';

  constructor(
    message: string,
    /** The skipped step that ended it, where one did. */
    readonly step?: BadStep,
  ) {
    super(message);
  }
}

/** @throws {NonFiniteError} if a number of some arrays is NaN or infinite, naming the first of them. */
export function refuseNonFinite(arrays: Iterable<readonly [string, { data: ArrayLike<number> }]>, what: string): void {
  for (const [name, { data }] of arrays) {
    const found = nonFinite(data);
    if (!found) continue;
    throw new NonFiniteError(
      `training: ${found.count} of ${data.length} numbers of the array ${name} of ${what} are not finite (${found.value})`,
    );
  }
}

/** Names that a sentence lists. */
const mostNames = 8;

/** A skipped step in a sentence. */
export function badStepText({ step, losses, gradientNorm, samples, cause }: BadStep, total: number): string {
  const { total: loss, ...tasks } = losses;
  const parts = Object.entries(tasks).map(([task, value]) => `${task} ${shown(value)}`);
  const more = samples.length > mostNames ? ` and ${samples.length - mostNames} more` : '';
  const norm = Number.isFinite(loss) ? `, gradient norm ${shown(gradientNorm)}` : '';
  return `step ${step} of ${total} was skipped: ${cause}; loss ${shown(loss)} (${parts.join(', ')})${norm}; batch: ${samples.slice(0, mostNames).join(', ')}${more}`;
}

const shown = (value: number): string => (Number.isFinite(value) ? value.toPrecision(4) : String(value));

/** What a step is examined with. */
export interface StepParts {
  model: Model;
  objective: Objective;
  parameters: readonly Parameter[];
  variables: tf.Variable[];
  labels: readonly string[];
  nameOf: (sample: number) => string;
  /** The inputs and targets of a batch, as the step had them; the caller owns them. */
  batchOf: (batch: Batch) => Promise<{ images: ModelBatch; targets: BatchTargets }>;
  /** What the forward pass of a batch draws its dropout from. */
  contextOf: (place: number) => ForwardContext;
}

/** What was not finite first in a step, computed once more batch by batch. Slow, and done for bad steps alone. */
export async function causeOfBadStep(
  parts: StepParts,
  group: readonly { batch: Batch; place: number }[],
): Promise<string> {
  const { parameters, nameOf } = parts;
  for (const { name, variable } of parameters) {
    const found = nonFinite(await variable.data());
    if (found) return `${found.count} of ${variable.size} numbers of the array ${name} are not finite (${found.value})`;
  }
  for (const { batch, place } of group) {
    const { images, targets } = await parts.batchOf(batch);
    try {
      const { samples } = batch;
      for (const tensor of Object.values<tf.Tensor>({ ...images })) {
        const found = nonFinite(await tensor.data());
        if (found) return `the input of ${nameOf(samples[rowOf(found.at, tensor)])} is ${found.value}`;
      }
      const cause =
        (await badOutput(parts, { samples, place }, images, targets)) ??
        (await badGradient(parts, place, images, targets));
      if (cause !== undefined) return cause;
    } finally {
      tf.dispose([{ ...images }, { ...targets }]);
    }
  }
  return 'the gradients of its batches together are not finite';
}

/** The first logit, or classification loss, that is not finite: of which image, and which label. */
async function badOutput(
  { model, objective, labels, nameOf, contextOf }: StepParts,
  { samples, place }: { samples: readonly number[]; place: number },
  images: ModelBatch,
  targets: BatchTargets,
): Promise<string | undefined> {
  const made = tf.tidy(() => {
    const { branches } = model.forward(images, contextOf(place));
    const losses = branches.map((branch) => objective.classificationLosses(branch, targets));
    return { logit: branches.map(({ logits }) => logits), loss: losses };
  });
  try {
    for (const kind of ['logit', 'loss'] as const)
      for (const tensor of made[kind]) {
        const found = nonFinite(await tensor.data());
        if (!found) continue;
        const label = labels[found.at % labels.length];
        return `the ${kind} of ${label} for ${nameOf(samples[rowOf(found.at, tensor)])} is ${found.value}`;
      }
    return undefined;
  } finally {
    tf.dispose(made);
  }
}

/** The first array whose gradient is not finite. */
async function badGradient(
  { model, objective, parameters, variables, contextOf }: StepParts,
  place: number,
  images: ModelBatch,
  targets: BatchTargets,
): Promise<string | undefined> {
  const forward = (): { loss: tf.Scalar; aux: Record<string, tf.Tensor> } => ({
    loss: objective.losses(model, model.forward(images, contextOf(place)), targets).total,
    aux: {},
  });
  const { loss, gradients } = valueAndGradients(forward, variables);
  try {
    for (const [name, gradient] of Object.entries(gradients)) {
      const found = nonFinite(await gradient.data());
      const array = parameters.find(({ variable }) => variable.name === name)?.name ?? name;
      if (found) return `the gradient of the array ${array} is ${found.value}`;
    }
    return undefined;
  } finally {
    tf.dispose([loss, gradients]);
  }
}

const rowOf = (at: number, { size, shape }: tf.Tensor): number => Math.floor(at / (size / shape[0]));
