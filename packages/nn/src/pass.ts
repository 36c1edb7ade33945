import { RandomStream } from '@cxr-align/random';
import * as tf from '@tensorflow/tfjs-core';

/**
 * One run of a model, forwards: whether it trains, and which step it is. Dropout masks depend on seed, step and place
 * alone, so a resumed run draws the same ones.
 */
export class Pass {
  private constructor(
    readonly training: boolean,
    private readonly seed: number,
    private readonly step: number,
    /** Whether running statistics take note of the batch. */
    readonly records: boolean,
  ) {}

  /**
   * A run that trains: dropout drops, batch normalisation uses and records the statistics of the batch.
   *
   * @param records false for a run that only looks, beside the one that takes the step. Default true.
   */
  static training({ seed, step, records = true }: { seed: number; step: number; records?: boolean }): Pass {
    return new Pass(true, seed, step, records);
  }

  /** A run that predicts. */
  static readonly predicting = new Pass(false, 0, 0, false);

  /** What a run that trains draws at a place; undefined when predicting. */
  random(place: string): RandomStream | undefined {
    return this.training ? new RandomStream({ seed: this.seed, purpose: place, step: this.step }) : undefined;
  }

  /**
   * Sets each entry to 0 with probability `rate` and scales the rest by 1 / (1 − rate); the identity when predicting.
   *
   * @param place names the layer, so that each has masks of its own.
   */
  dropout<T extends tf.Tensor>(x: T, rate: number, place: string): T {
    const random = rate === 0 ? undefined : this.random(`dropout/${place}`);
    if (!random) return x;
    return tf.mul(x, tf.tensor(random.dropoutMask(x.size, rate), x.shape)) as T;
  }
}
