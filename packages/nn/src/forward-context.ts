import { fusedOps, type DropoutMask } from '@cxr-align/fused-ops';
import { RandomStream, streamWords, type RandomKey } from '@cxr-align/random';
import { withGradient } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** Whether a forward pass trains, and what its dropout masks are drawn by. */
export type ForwardContextOptions =
  | { training: false }
  | {
      training: true;
      /** The run's random seed: an integer in [0, 2³²). */
      seed: number;
      /** The optimiser step: an integer in [0, 2³²). Two steps have different masks. */
      step: number;
      /** Whether batch normalisation updates its moving statistics. Default true; false for a pass that is only measured. */
      updateStatistics?: boolean;
      /** float32 [batch]: 0 for rows that pad the batch, of which batch normalisation takes no notice, 1 for the others. Default none. */
      rows?: tf.Tensor1D;
    };

/**
 * The context of one forward pass, given to `forward()` of each module.
 *
 * With `training: true` dropout drops and batch normalisation uses the statistics of the batch; with `training: false` dropout
 * is the identity and batch normalisation uses its moving statistics. Dropout masks are a pure function of seed, step and the
 * name of the layer, so a resumed run draws the same ones.
 *
 * @example
 * const trained = layer.forward(x, new ForwardContext({ training: true, seed: 1, step: 0 }));
 * const predicted = layer.forward(x, new ForwardContext({ training: false }));
 */
export class ForwardContext {
  readonly training: boolean;
  /** The optimiser step; 0 when predicting. */
  readonly step: number;
  /** Whether batch normalisation updates its moving statistics; false when predicting. */
  readonly updateStatistics: boolean;
  /** float32 [batch]: 0 for rows that pad the batch, 1 for the others; undefined where none do. */
  readonly rows?: tf.Tensor1D;
  private readonly seed: number;
  private drew = false;

  constructor(options: ForwardContextOptions) {
    const { training, seed, step, updateStatistics, rows } = options.training
      ? { updateStatistics: true, rows: undefined, ...options }
      : { training: false, seed: 0, step: 0, updateStatistics: false, rows: undefined };
    this.training = training;
    this.seed = seed;
    this.step = step;
    this.updateStatistics = updateStatistics;
    this.rows = rows;
  }

  /** The context of another step, alike in all else. */
  at(step: number): ForwardContext {
    const { training, seed, updateStatistics, rows } = this;
    return new ForwardContext(training ? { training, seed, step, updateStatistics, rows } : { training: false });
  }

  /** A stream of random numbers of this seed and step; undefined when predicting. @param purpose names what it is for. */
  random(purpose: string): RandomStream | undefined {
    if (!this.training) return undefined;
    this.drew = true;
    return new RandomStream(this.key(purpose));
  }

  /** Whether {@link random} has been called: numbers that JavaScript draws are constants of a captured step. */
  get hasDrawn(): boolean {
    return this.drew;
  }

  private key(purpose: string): RandomKey {
    return { seed: this.seed, purpose, step: this.step };
  }

  /** The dropout mask of a layer, for a fused operation; of rate 0 when predicting. */
  dropoutMask(rate: number, layer: string): DropoutMask {
    return this.training && rate > 0
      ? { rate, words: new Int32Array(streamWords(this.key(`dropout/${layer}`)).buffer) }
      : { rate: 0, words: new Int32Array(4) };
  }

  /**
   * Dropout: sets each entry to 0 with probability `rate` and divides the others by 1 − rate; the identity when predicting.
   *
   * @param x float32, of any shape.
   * @param rate in [0, 1).
   * @param layer names the layer, so that each has its own masks.
   * @param residual is added to the result, in the shape of `x`. Default nothing.
   * @see Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".
   */
  dropout<T extends tf.Tensor>(x: T, rate: number, layer: string, residual?: T): T {
    const mask = this.dropoutMask(rate, layer);
    if (mask.rate === 0) return residual ? (tf.add(residual, x) as T) : x;
    const fused = fusedOps().dropout;
    if (!fused) {
      const drawn =
        fusedOps().dropoutMask?.(x.shape, mask) ??
        tf.tensor(new RandomStream(this.key(`dropout/${layer}`)).dropoutMask(x.size, rate), x.shape);
      const dropped = tf.mul(x, drawn);
      return (residual ? tf.add(residual, dropped) : dropped) as T;
    }
    return withGradient<T>(residual ? [x, residual] : [x], (input, added) => ({
      value: fused(input, mask, added) as T,
      saved: [],
      gradient: (dy) => [fused(dy, mask), ...(residual ? [tf.clone(dy)] : [])],
    }));
  }
}
