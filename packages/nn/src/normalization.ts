import { fastForms } from '@cxr-align/fast-forms';
import { withGradient } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { columnSums } from './linear.js';
import type { Scope } from './parameters.js';
import type { Pass } from './pass.js';

/**
 * Layer normalisation over the last axis: (x − mean) / sqrt(variance + eps) · scale + shift, with the biased variance.
 *
 * @param x float32 [..., dim].
 * @param scale float32 [dim].
 * @param shift float32 [dim].
 * @param eps Default 1e-5.
 * @see Ba, Kiros and Hinton 2016, arXiv:1607.06450.
 */
export function layerNorm(x: tf.Tensor, scale: tf.Tensor1D, shift: tf.Tensor1D, eps = 1e-5): tf.Tensor {
  const form = fastForms().layerNorm;
  if (form)
    return withGradient([x, scale, shift], (input, gamma, beta) =>
      form(input, gamma as tf.Tensor1D, beta as tf.Tensor1D, eps),
    );
  return tf.tidy(() => {
    const rows = tf.reshape(x, [-1, x.shape[x.rank - 1]]);
    const value = withGradient([rows, scale, shift], (input, gamma, beta) => {
      const centred = tf.sub(input, tf.mean(input, -1, true));
      const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), eps));
      const unit = tf.mul(centred, inverse);
      return {
        value: tf.add(tf.mul(unit, gamma), beta),
        saved: [unit, inverse, gamma],
        gradient: (dy, [y, rate, factor]) => {
          const dUnit = tf.mul(dy, factor);
          const mean = tf.mean(dUnit, -1, true);
          const slope = tf.mean(tf.mul(dUnit, y), -1, true);
          return [
            tf.mul(tf.sub(tf.sub(dUnit, mean), tf.mul(y, slope)), rate),
            columnSums(tf.mul(dy, y) as tf.Tensor2D),
            columnSums(dy as tf.Tensor2D),
          ];
        },
      };
    });
    return tf.reshape(value, x.shape);
  });
}

/** Layer normalisation with its scale and shift. */
export class LayerNorm {
  readonly scale: tf.Variable & tf.Tensor1D;
  readonly shift: tf.Variable & tf.Tensor1D;

  constructor(scope: Scope, dim: number) {
    this.scale = scope.make('scale', [dim], { constant: 1 });
    this.shift = scope.make('shift', [dim], { constant: 0 });
  }

  apply(x: tf.Tensor): tf.Tensor {
    return layerNorm(x, this.scale, this.shift);
  }
}

/**
 * Normalises each channel by its mean and biased variance over batch, height and width, then scales and shifts it.
 *
 * Written as y = a·x + b with one factor and one offset a channel, forwards and backwards, so that few passes over the
 * large tensors are made and none is kept but x.
 *
 * @param x float32 [batch, height, width, channels].
 * @returns the value, and the mean and variance [channels] of the batch. The caller owns all three.
 * @see Ioffe and Szegedy 2015, arXiv:1502.03167.
 */
export function batchNorm(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  shift: tf.Tensor1D,
  eps = 1e-5,
): { value: tf.Tensor4D; mean: tf.Tensor1D; variance: tf.Tensor1D } {
  const [mean, variance] = channelMoments(x);
  const value = withGradient<tf.Tensor4D>([x, scale, shift], (input, gamma, beta) => {
    const inverse = tf.rsqrt(tf.add(variance, eps));
    const factor = tf.mul(gamma, inverse);
    return {
      value: tf.add(tf.mul(input, factor), tf.sub(beta, tf.mul(mean, factor))),
      saved: [input, mean, inverse, factor],
      gradient: (dy, [saved, centre, rate, slope]) => {
        const count = saved.size / saved.shape[3]!;
        const meanDy = channelMeans(dy);
        const meanDyX = channelMeans(tf.mul(dy, saved));
        // The mean of dy · (x − centre) · rate: how dy goes with the normalised x.
        const along = tf.mul(tf.sub(meanDyX, tf.mul(centre, meanDy)), rate);
        const ofX = tf.neg(tf.mul(tf.mul(slope, rate), along));
        const constant = tf.neg(tf.add(tf.mul(slope, meanDy), tf.mul(ofX, centre)));
        return [
          tf.add(tf.add(tf.mul(dy, slope), tf.mul(saved, ofX)), constant),
          tf.mul(along, count),
          tf.mul(meanDy, count),
        ];
      },
    };
  });
  return { value, mean, variance };
}

/** Mean and biased variance of each channel, as constants: the gradient of {@link batchNorm} accounts for them itself. */
function channelMoments(x: tf.Tensor4D): [mean: tf.Tensor1D, variance: tf.Tensor1D] {
  const moments = withGradient([x], (input) => {
    const mean = channelMeans(input as tf.Tensor4D);
    const squares = channelMeans(tf.square(input as tf.Tensor4D));
    return {
      value: tf.stack([mean, tf.relu(tf.sub(squares, tf.square(mean)))]),
      saved: [],
      gradient: () => [tf.zeros(x.shape)],
    };
  });
  return tf.unstack(moments) as [tf.Tensor1D, tf.Tensor1D];
}

/** The mean of each channel [batch, height, width, channels] → [channels], by pooling: other sums over the first axes are slow. */
function channelMeans(x: tf.Tensor4D): tf.Tensor1D {
  const [batch, height, width, channels] = x.shape;
  const means = tf.avgPool(x, [height, width], [height, width], 'valid');
  return tf.div(columnSums(tf.reshape(means, [batch, channels]) as tf.Tensor2D), batch) as tf.Tensor1D;
}

/** Batch normalisation with its scale, shift and running statistics; those are used when predicting. */
export class BatchNorm {
  readonly scale: tf.Variable & tf.Tensor1D;
  readonly shift: tf.Variable & tf.Tensor1D;
  readonly mean: tf.Variable & tf.Tensor1D;
  readonly variance: tf.Variable & tf.Tensor1D;

  /** @param momentum share of the newest batch in the running statistics. Default 0.1. */
  constructor(
    scope: Scope,
    channels: number,
    private readonly momentum = 0.1,
  ) {
    this.scale = scope.make('scale', [channels], { constant: 1 });
    this.shift = scope.make('shift', [channels], { constant: 0 });
    this.mean = scope.make('mean', [channels], { constant: 0 }, false);
    this.variance = scope.make('variance', [channels], { constant: 1 }, false);
  }

  apply(x: tf.Tensor4D, pass: Pass): tf.Tensor4D {
    return tf.tidy(() => {
      if (!pass.training) {
        const rate = tf.mul(this.scale, tf.rsqrt(tf.add(this.variance, 1e-5)));
        return tf.add(tf.mul(x, rate), tf.sub(this.shift, tf.mul(this.mean, rate))) as tf.Tensor4D;
      }
      const { value, mean, variance } = batchNorm(x, this.scale, this.shift);
      if (pass.records) {
        this.record(this.mean, mean);
        this.record(this.variance, variance);
      }
      return value;
    });
  }

  private record(running: tf.Variable, newest: tf.Tensor): void {
    running.assign(tf.add(tf.mul(running, 1 - this.momentum), tf.mul(newest, this.momentum)));
  }
}
