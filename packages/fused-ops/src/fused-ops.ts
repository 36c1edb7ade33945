import * as tf from '@tensorflow/tfjs-core';

/** An update of variables as a part of a larger computation that is captured as a whole. */
export interface UpdatePart {
  /** What it reads beside the gradients and the variables: inputs of the captured computation. */
  inputs: tf.Tensor[];
  /**
   * Assigns to the variables; changes nothing where the global gradient norm or the loss is NaN or infinite.
   *
   * @param gradients one per variable, in their order; they are not disposed.
   * @returns `norm`, the global gradient norm before clipping, NaN where the loss is not finite; and what {@link keep} takes.
   */
  compute(gradients: readonly tf.Tensor[], loss: tf.Scalar): tf.NamedTensorMap;
  /** Takes its results, but for the norm, out of those of the whole computation, and disposes the inputs. */
  keep(results: tf.NamedTensorMap): void;
}

/** AdamW over all variables at once, where an engine computes it in a few passes over memory. */
export interface FusedAdamW {
  /**
   * Takes a step and disposes the gradients. Where their global norm is NaN or infinite, variables and moments stay as they are.
   *
   * @param gradients one per variable, in their order.
   * @returns the global gradient norm before clipping, a scalar. The caller owns it.
   */
  apply(gradients: tf.Tensor[], settings: AdamWSettings): tf.Scalar;
  /** The step as a part of a larger computation; absent where the engine computes it by itself. */
  part?(settings: AdamWSettings): UpdatePart;
  /** First and second moments, flat, in the order of the variables. */
  moments(): Promise<{ first: Float32Array; second: Float32Array }>;
  restore(moments: { first: Float32Array; second: Float32Array }): void;
  dispose(): void;
}

/** The numbers of one optimiser step. */
export interface AdamWSettings {
  /** Counted from 1. */
  step: number;
  learningRate: number;
  beta1: number;
  beta2: number;
  eps: number;
  /** The gradients are scaled down when their global norm is above this. Default no clipping. */
  maxGradientNorm?: number;
  /** Multiplies the learning rate of each variable; 0 freezes it. Default 1 for all. */
  learningRateMultipliers?: readonly number[];
}

/** The result of a fused operation: its value, the tensors saved for the backward pass, and the backward pass. */
export interface FusedForward {
  value: tf.Tensor;
  saved: tf.Tensor[];
  /** The gradient of each input, from that of the value. */
  gradient: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[];
}

/** A dropout mask: its rate, and the key and counter of its random numbers (`streamWords` of `@cxr-align/random`). */
export interface DropoutMask {
  /** Probability of dropping an entry, in [0, 1). */
  rate: number;
  words: Int32Array;
}

/**
 * How repeated steps are computed. `replay`: captured, and run as one operation with the same bits; `xla`: captured, and compiled by
 * XLA, which fuses operations, so that results agree to a tolerance only; `off`: operation by operation. `auto`: `xla` on a CUDA
 * device, `replay` on the processor, where the engine can.
 */
export type StepCaptureMode = 'auto' | 'xla' | 'replay' | 'off';

/**
 * How products of float32 are computed: `float32` as such; `tf32`: with inputs of 10 bits of mantissa, which tensor cores of NVIDIA
 * GPUs multiply; `bf16`: with inputs and results rounded to bfloat16, 7 bits of mantissa and the range of float32.
 */
export type ProductPrecision = 'float32' | 'tf32' | 'bf16';

/** The precisions of an engine that can compute products in others than float32. */
export interface PrecisionSwitch {
  /** Why products cannot be computed in a precision, and what to do; undefined where they can. */
  unavailable(precision: ProductPrecision): { reason: string; hint: string } | undefined;
  /** Computes the products that follow in a precision. Whoever sets another than float32 sets that again. */
  set(precision: ProductPrecision): void;
}

/** One run of a captured computation. */
export interface CaptureRequest {
  /** The tensors that the computation reads and that are others in each run. */
  inputs: tf.Tensor[];
  /** The number of the step, of which dropout masks and other counters are made; no two runs have the same. */
  step: number;
  /**
   * Counts the changes of all else that the computation depends on: numbers of JavaScript, tensors that it keeps, what it computes.
   * Raise it with each change. A change that it misses is noticed when the engine next compares a step with its recording, which is
   * at least every 64 steps; the capture is then given up, and reported. Default 0.
   */
  captureVersion?: number;
  /** Called after the computation: whether it drew random numbers in JavaScript, and so is another in each run. */
  hasDrawn?: () => boolean;
}

/** How the runs of a captured computation were computed so far. */
export interface StepCaptureReport {
  /** How it is captured. */
  mode: Exclude<StepCaptureMode, 'auto'>;
  /** Runs that were replayed as one operation. */
  captured: number;
  /** Runs that were computed operation by operation, to record, to verify, or because they cannot be captured. */
  opByOp: number;
  /** Runs in which the recording was compared with the computation. */
  checked: number;
  /** Runs that may have used a value from before a change that captureVersion missed; 0 if it misses none. */
  possiblyStale: number;
  /** Why runs are computed operation by operation; undefined while they are captured. */
  reason?: string;
  /** Of `xla` alone. */
  compiled?: {
    /** How many functions were compiled: one for each set of input shapes, and for each change of an integer constant. */
    functions: number;
    /** Seconds that their first runs took, compilation included. */
    seconds: number;
    /**
     * The largest relative difference from the computation operation by operation that a verification found: of the loss, the
     * gradients of all variables together, the assigned variables together.
     */
    largestDifference: number;
    /** Why `replay` has taken over, where it has. */
    rejected?: string;
  };
}

/** A computation that is run again and again, and that an engine may replay without JavaScript between its operations. */
export interface StepCapture {
  /**
   * Runs the computation, or what was captured of it: with the same bits, or (`xla`) within a tolerance.
   *
   * @param compute a function of the inputs, of variables, of kept tensors and of the step, which is that of the request, or, in a
   * trial whose results are thrown away and whose assignments are undone, the one after it; it may assign to variables.
   * @returns the results of `compute`. The caller owns them.
   * @throws what `compute` throws; a failure of capture or replay falls back to `compute`.
   */
  run(request: CaptureRequest, compute: (step: number) => tf.NamedTensorMap): tf.NamedTensorMap;
  report(): StepCaptureReport;
  dispose(): void;
}

/**
 * A loss each entry of which depends on its own logit and target alone, with its numbers; the formulas are those of
 * `@cxr-align/losses`, whose plain form is the fallback. The columns of `distributionBalanced` are the bars of the labels, those of
 * `binaryCrossEntropy` the weights of positives.
 */
export type EntryLoss =
  | { name: 'binaryCrossEntropy' }
  | { name: 'focal'; alpha: number | null; gamma: number }
  | {
      name: 'asymmetric';
      gammaPositive: number;
      gammaNegative: number;
      clip: number;
      eps: number;
      detachFocus: boolean;
    }
  | {
      name: 'robustAsymmetric';
      gammaPositive: number;
      gammaNegative: number;
      clip: number;
      /** Coefficients of (1 − p) and (1 − p)² for positives. */
      polynomial: readonly [number, number];
      lambda: number;
    }
  | { name: 'distributionBalanced'; lambda: number };

/** What an {@link EntryLoss} is computed of. */
export interface EntryLossInputs {
  /** float32 [rows, columns]. */
  logits: tf.Tensor;
  /** Of the same shape. */
  targets: tf.Tensor;
  /** Of the same shape: what values and derivatives are multiplied by. Default 1. */
  factors?: tf.Tensor;
  /** [columns]. */
  columns?: tf.Tensor;
}

/** Values and derivatives of an {@link EntryLoss}. The caller owns them. */
export interface EntryLossValues {
  /** Their sum, or with `isSummed: false` each of them. */
  values: tf.Tensor;
  /** By the logits, of their shape. */
  derivative?: tf.Tensor;
}

/** The operations that an engine computes faster than TensorFlow.js's plain ones; each is absent where it has nothing faster. */
export interface FusedOps {
  /** @param decay the decoupled weight decay of each variable. */
  adamW?: (
    variables: readonly tf.Variable[],
    decay: readonly number[],
    options?: { stepCapture?: StepCaptureMode },
  ) => FusedAdamW;
  /** Sums over the rows [rows, columns] → [columns]. */
  columnSums?: (x: tf.Tensor2D) => tf.Tensor1D;
  /** A dropout mask of 0 and 1 / (1 − rate), where it is generated faster on the device than it is uploaded. */
  dropoutMask?: (shape: number[], mask: DropoutMask) => tf.Tensor;
  /** x ⊙ mask, plus the residual where there is one; the gradient of x is dy ⊙ mask. */
  dropout?: (x: tf.Tensor, mask: DropoutMask, residual?: tf.Tensor) => tf.Tensor;
  /** relu(product + bias) ⊙ mask, with the gradients of product and bias. */
  biasReluDropout?: (product: tf.Tensor, bias: tf.Tensor1D, mask: DropoutMask) => FusedForward;
  /** (x − mean) / sqrt(variance + eps) · gamma + beta over the last axis, with the gradients of x, gamma and beta. */
  layerNorm?: (x: tf.Tensor, gamma: tf.Tensor1D, beta: tf.Tensor1D, eps: number) => FusedForward;
  /**
   * Multi-head attention without its projections: query [batch · rows, dim] and keyValue [batch · context, 2 · dim] to
   * [batch · rows, dim]; dropout acts on the attention weights [batch, heads, rows, context].
   */
  attention?: (
    query: tf.Tensor2D,
    keyValue: tf.Tensor2D,
    sizes: { batch: number; heads: number },
    mask: DropoutMask,
  ) => FusedForward;
  /** x · wᵀ of x [rows, out] and w [in, out] → [rows, in]. */
  matMulTransposeB?: (x: tf.Tensor2D, w: tf.Tensor2D) => tf.Tensor2D;
  /**
   * Captures repeated steps, and runs each as one operation.
   *
   * @param options `precision` in which the computation has its products: how closely a compiled step has to agree with it. Default
   * `float32`.
   */
  stepCapture?: (mode: Exclude<StepCaptureMode, 'off'>, options?: { precision?: ProductPrecision }) => StepCapture;
  /** Computes products in other precisions than float32; absent where an engine has none. */
  productPrecision?: PrecisionSwitch;
  /** Values and, where gradients are being computed, derivatives of a loss by the logits, in one pass. */
  entryLosses?: (
    loss: EntryLoss,
    inputs: EntryLossInputs,
    wanted: { isSummed: boolean; isDifferentiated: boolean },
  ) => EntryLossValues;
  /** The gradient of relu: dy where the output y was above 0, else 0. */
  reluGradient?: (dy: tf.Tensor, y: tf.Tensor) => tf.Tensor;
}

/** One per process, as TensorFlow.js's own registry is, even where this package is bundled into several others. */
const registry = globalThis as unknown as Record<symbol, Map<string, FusedOps> | undefined>;
const key = Symbol.for('cxr-align.fused-ops');

function byBackend(): Map<string, FusedOps> {
  return (registry[key] ??= new Map<string, FusedOps>());
}

/**
 * Registers the fused operations of an engine, replacing those registered before.
 *
 * @param backend the name of its TensorFlow.js backend, as `tf.getBackend()` returns it.
 */
export function registerFusedOps(backend: string, ops: FusedOps): void {
  byBackend().set(backend, ops);
}

/** The fused operations of a TensorFlow.js backend, the current one by default; empty where none are registered. */
export function fusedOps(backend = tf.getBackend()): FusedOps {
  return byBackend().get(backend) ?? {};
}
