import * as tf from '@tensorflow/tfjs-core';

/** AdamW of all variables together, where an engine has it in a few passes over memory. */
export interface FusedAdamW {
  /**
   * Takes a step and disposes the gradients.
   *
   * @param gradients one a variable, in their order.
   * @returns the length of all gradients together, before they were scaled down.
   */
  apply(gradients: tf.Tensor[], settings: AdamWSettings): tf.Scalar;
  /** First and second moments, flat, in the order of the variables. */
  moments(): Promise<{ first: Float32Array; second: Float32Array }>;
  restore(moments: { first: Float32Array; second: Float32Array }): void;
  dispose(): void;
}

/** The numbers of one step. */
export interface AdamWSettings {
  /** Counted from 1. */
  step: number;
  learningRate: number;
  beta1: number;
  beta2: number;
  eps: number;
  /** The gradients are scaled down together when their joint length is above this. */
  maxGradientNorm?: number;
  /** What the learning rate is multiplied by for each variable; 0 leaves it as it is. Default 1 for all. */
  factors?: readonly number[];
}

/** A value with its gradient: what is saved for it, and how each input's follows from that. */
export interface FusedForward {
  value: tf.Tensor;
  saved: tf.Tensor[];
  gradient: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[];
}

/** A dropout mask: its rate, and the words that its random numbers are drawn by (`streamWords` of packages/random). */
export interface DropoutMask {
  rate: number;
  words: Int32Array;
}

/** What a run of repeated work is told. */
export interface RepeatedRun {
  /** What the work is done on. */
  inputs: tf.Tensor[];
  /** The number that dropout masks and other counters of the work are made of; no two runs have the same. */
  step: number;
  /** What the work depends on besides stays as it is within a round. */
  round: number;
  /** Asked after the work: whether it drew numbers of its own, and so is another each time, even where it looks the same. */
  hasDrawn?: () => boolean;
}

/** Work that is done again and again. */
export interface RepeatedWork {
  /** Why the work is done as it is, where it cannot be done otherwise. */
  readonly reason?: string;
  /**
   * Does the work, or what it was found to be made of.
   *
   * @param work a function of the inputs, of variables, of tensors that are kept, and of the step; it may assign to variables.
   * @returns what the work gives. The caller owns it.
   */
  run(request: RepeatedRun, work: () => tf.NamedTensorMap): tf.NamedTensorMap;
  dispose(): void;
}

/** What an engine does faster than the plain operations; each is left out where it has nothing better. */
export interface FastForms {
  /** @param decay for each variable its decoupled weight decay. */
  adamW?: (variables: readonly tf.Variable[], decay: readonly number[]) => FusedAdamW;
  /** Sums over the rows [rows, columns] → [columns]. */
  columnSums?: (x: tf.Tensor2D) => tf.Tensor1D;
  /** A dropout mask, where it is drawn faster than it is carried there. */
  dropoutMask?: (shape: number[], mask: DropoutMask) => tf.Tensor;
  /** x times a dropout mask, and what is added to it; the gradient of x is the same of dy. */
  dropout?: (x: tf.Tensor, mask: DropoutMask, rest?: tf.Tensor) => tf.Tensor;
  /** relu(product + bias) times a dropout mask; the gradients are those of product and bias. */
  hidden?: (product: tf.Tensor, bias: tf.Tensor1D, mask: DropoutMask) => FusedForward;
  /** (x − mean) / sqrt(variance + eps) · scale + shift over the last axis. */
  layerNorm?: (x: tf.Tensor, scale: tf.Tensor1D, shift: tf.Tensor1D, eps: number) => FusedForward;
  /**
   * Attention of several heads, without the linear maps: query [batch · rows, dim] and keyValue [batch · sources, 2 · dim] to
   * [batch · rows, dim]; dropout of the weights [batch, heads, rows, sources].
   */
  attention?: (
    query: tf.Tensor2D,
    keyValue: tf.Tensor2D,
    sizes: { batch: number; heads: number },
    mask: DropoutMask,
  ) => FusedForward;
  /** x · wᵀ of x [rows, out] and w [in, out]. */
  timesTransposed?: (x: tf.Tensor2D, w: tf.Tensor2D) => tf.Tensor2D;
  /** Work without the time that JavaScript takes for each operation. */
  repeated?: () => RepeatedWork;
  /** The gradient of relu: dy where the output y was above 0, else 0. */
  reluGradient?: (dy: tf.Tensor, y: tf.Tensor) => tf.Tensor;
}

/** One for the process, as TensorFlow.js itself is, even where this package is bundled into several others. */
const registry = globalThis as unknown as Record<symbol, Map<string, FastForms> | undefined>;
const key = Symbol.for('cxr-align.fast-forms');
const byBackend = (registry[key] ??= new Map<string, FastForms>());

/** Registers what an engine does faster, under the name of its TensorFlow.js backend. */
export function useFastForms(backend: string, forms: FastForms): void {
  byBackend.set(backend, forms);
}

/** What the engine that is running does faster. */
export function fastForms(): FastForms {
  return byBackend.get(tf.getBackend()) ?? {};
}
