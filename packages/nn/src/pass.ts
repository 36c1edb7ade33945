import { fastForms, type DropoutMask } from '@cxr-align/fast-forms';
import { RandomStream, streamWords, type RandomKey } from '@cxr-align/random';
import { withGradient } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

/**
 * One run of a model, forwards: whether it trains, and which step it is. Dropout masks depend on seed, step and place
 * alone, so a resumed run draws the same ones.
 */
export class Pass {
  private drew = false;

  private constructor(
    readonly training: boolean,
    private readonly seed: number,
    /** What numbers it; 0 when predicting. */
    readonly step: number,
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
    if (!this.training) return undefined;
    this.drew = true;
    return new RandomStream(this.key(place));
  }

  /** Whether {@link random} has drawn: the engine that makes the dropout masks does not know of that. */
  get hasDrawn(): boolean {
    return this.drew;
  }

  private key(purpose: string): RandomKey {
    return { seed: this.seed, purpose, step: this.step };
  }

  /** The dropout mask of a place, for an engine's own form; of rate 0 when predicting. */
  mask(rate: number, place: string): DropoutMask {
    return this.training && rate > 0
      ? { rate, words: new Int32Array(streamWords(this.key(`dropout/${place}`)).buffer) }
      : { rate: 0, words: new Int32Array(4) };
  }

  /**
   * Sets each entry to 0 with probability `rate` and scales the rest by 1 / (1 − rate); the identity when predicting.
   *
   * @param place names the layer, so that each has masks of its own.
   * @param rest is added to it, where there is one.
   */
  dropout<T extends tf.Tensor>(x: T, rate: number, place: string, rest?: T): T {
    const mask = this.mask(rate, place);
    if (mask.rate === 0) return rest ? (tf.add(rest, x) as T) : x;
    const form = fastForms().dropout;
    if (!form) {
      const drawn =
        fastForms().dropoutMask?.(x.shape, mask) ??
        tf.tensor(new RandomStream(this.key(`dropout/${place}`)).dropoutMask(x.size, rate), x.shape);
      const dropped = tf.mul(x, drawn);
      return (rest ? tf.add(rest, dropped) : dropped) as T;
    }
    return withGradient<T>(rest ? [x, rest] : [x], (input, added) => ({
      value: form(input, mask, added) as T,
      saved: [],
      gradient: (dy) => [form(dy, mask), ...(rest ? [tf.clone(dy)] : [])],
    }));
  }
}
