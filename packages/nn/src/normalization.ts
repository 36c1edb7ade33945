import { fusedOps } from '@cxr-align/fused-ops';
import { withGradient } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { ForwardContext } from './forward-context.js';
import { columnSums } from './linear.js';
import type { Scope } from './parameters.js';

/**
 * Layer normalisation over the last axis: y = (x − mean) / √(variance + eps) · gamma + beta, with the biased variance.
 *
 * @param x float32 [..., dim].
 * @param gamma float32 [dim].
 * @param beta float32 [dim].
 * @param eps Default 1e-5.
 * @returns float32 in the shape of `x`. The caller owns it.
 * @see Ba, Kiros and Hinton 2016, arXiv:1607.06450.
 */
export function layerNorm(x: tf.Tensor, gamma: tf.Tensor1D, beta: tf.Tensor1D, eps = 1e-5): tf.Tensor {
  const fused = fusedOps().layerNorm;
  if (fused)
    return withGradient([x, gamma, beta], (input, scale, offset) =>
      fused(input, scale as tf.Tensor1D, offset as tf.Tensor1D, eps),
    );
  return tf.tidy(() => {
    const rows = tf.reshape(x, [-1, x.shape[x.rank - 1]]);
    const value = withGradient([rows, gamma, beta], (input, scale, offset) => {
      const centred = tf.sub(input, tf.mean(input, -1, true));
      const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), eps));
      const unit = tf.mul(centred, inverse);
      return {
        value: tf.add(tf.mul(unit, scale), offset),
        saved: [unit, inverse, scale],
        gradient: (dy, [normalized, inverseStd, weight]) => {
          const dUnit = tf.mul(dy, weight);
          const mean = tf.mean(dUnit, -1, true);
          const projection = tf.mean(tf.mul(dUnit, normalized), -1, true);
          return [
            tf.mul(tf.sub(tf.sub(dUnit, mean), tf.mul(normalized, projection)), inverseStd),
            columnSums(tf.mul(dy, normalized) as tf.Tensor2D),
            columnSums(dy as tf.Tensor2D),
          ];
        },
      };
    });
    return tf.reshape(value, x.shape);
  });
}

/** Layer normalisation with its parameters `gamma` [dim], at first 1, and `beta` [dim], at first 0; see {@link layerNorm}. */
export class LayerNorm {
  readonly gamma: tf.Variable & tf.Tensor1D;
  readonly beta: tf.Variable & tf.Tensor1D;

  constructor(scope: Scope, dim: number) {
    this.gamma = scope.addParameter('gamma', [dim], { constant: 1 });
    this.beta = scope.addParameter('beta', [dim], { constant: 0 });
  }

  /** @param x float32 [..., dim]. @returns float32 in the shape of `x`. */
  forward(x: tf.Tensor): tf.Tensor {
    return layerNorm(x, this.gamma, this.beta);
  }
}

/**
 * Batch normalisation: y = (x − mean) / √(variance + eps) · gamma + beta, with the mean and the biased variance of each channel
 * over batch, height and width. The gradient is that of the whole, through mean and variance too.
 *
 * It is computed as y = a · x + b with two numbers per channel, forwards and backwards, so that few passes over the large
 * tensors are made, and only x is kept for the gradient.
 *
 * @param x float32 [batch, height, width, channels].
 * @param gamma float32 [channels].
 * @param beta float32 [channels].
 * @param options `eps`, default 1e-5; `rows` float32 [batch]: 0 for rows that pad the batch, which have no part in mean and variance and
 * whose gradient is 0, 1 for the others. Default 1 for all.
 * @returns the value, and the mean and variance [channels] of the batch. The caller owns all three.
 * @see Ioffe and Szegedy 2015, arXiv:1502.03167.
 */
export function batchNorm(
  x: tf.Tensor4D,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  { eps = 1e-5, rows }: { eps?: number; rows?: tf.Tensor1D } = {},
): { value: tf.Tensor4D; mean: tf.Tensor1D; variance: tf.Tensor1D } {
  const [mean, variance] = channelMoments(x, rows);
  const value = withGradient<tf.Tensor4D>([x, gamma, beta], (input, scale, offset) => {
    const inverse = tf.rsqrt(tf.add(variance, eps));
    const factor = tf.mul(scale, inverse);
    return {
      value: tf.add(tf.mul(input, factor), tf.sub(offset, tf.mul(mean, factor))),
      saved: [input, mean, inverse, factor],
      gradient: (dy, [saved, centre, inverseStd, slope]) => {
        const [batch, height, width] = saved.shape as [number, number, number];
        const count = tf.mul(rows ? tf.sum(rows) : batch, height * width);
        const meanDy = channelMeans(dy, rows);
        const meanDyX = channelMeans(tf.mul(dy, saved), rows);
        // The mean of dy · (x − centre) · inverseStd, the covariance of dy and the normalised x.
        const covariance = tf.mul(tf.sub(meanDyX, tf.mul(centre, meanDy)), inverseStd);
        const ofX = tf.neg(tf.mul(tf.mul(slope, inverseStd), covariance));
        const constant = tf.neg(tf.add(tf.mul(slope, meanDy), tf.mul(ofX, centre)));
        const dx = tf.add(tf.add(tf.mul(dy, slope), tf.mul(saved, ofX)), constant);
        return [
          rows ? tf.mul(dx, tf.reshape(rows, [-1, 1, 1, 1])) : dx,
          tf.mul(covariance, count),
          tf.mul(meanDy, count),
        ];
      },
    };
  });
  return { value, mean, variance };
}

/** Mean and biased variance of each channel, as constants: the gradient of {@link batchNorm} includes their part. */
function channelMoments(x: tf.Tensor4D, rows?: tf.Tensor1D): [mean: tf.Tensor1D, variance: tf.Tensor1D] {
  const moments = withGradient([x], (input) => {
    const mean = channelMeans(input as tf.Tensor4D, rows);
    const squares = channelMeans(tf.square(input as tf.Tensor4D), rows);
    return {
      value: tf.stack([mean, tf.relu(tf.sub(squares, tf.square(mean)))]),
      saved: [],
      gradient: () => [tf.zeros(x.shape)],
    };
  });
  return tf.unstack(moments) as [tf.Tensor1D, tf.Tensor1D];
}

/** The mean of each channel [batch, height, width, channels] → [channels], by pooling: backends reduce the first axes slowly. */
function channelMeans(x: tf.Tensor4D, rows?: tf.Tensor1D): tf.Tensor1D {
  const [batch, height, width, channels] = x.shape;
  const pooled = tf.avgPool(x, [height, width], [height, width], 'valid');
  const means = tf.reshape(pooled, [batch, channels]) as tf.Tensor2D;
  if (!rows) return tf.div(columnSums(means), batch);
  return tf.div(columnSums(tf.mul(means, tf.expandDims(rows, 1))), tf.sum(rows));
}

/**
 * Batch normalisation with its parameters `gamma` and `beta` and the moving statistics `mean` and `variance` [channels].
 *
 * In training it normalises by the statistics of the batch, see {@link batchNorm}, and updates the moving ones:
 * moving ← (1 − momentum) · moving + momentum · batch. When predicting it normalises by the moving ones.
 */
export class BatchNorm {
  readonly gamma: tf.Variable & tf.Tensor1D;
  readonly beta: tf.Variable & tf.Tensor1D;
  readonly movingMean: tf.Variable & tf.Tensor1D;
  readonly movingVariance: tf.Variable & tf.Tensor1D;

  /** @param momentum weight of the newest batch in the moving statistics. Default 0.1. */
  constructor(
    scope: Scope,
    channels: number,
    private readonly momentum = 0.1,
  ) {
    this.gamma = scope.addParameter('gamma', [channels], { constant: 1 });
    this.beta = scope.addParameter('beta', [channels], { constant: 0 });
    this.movingMean = scope.addParameter('mean', [channels], { constant: 0 }, false);
    this.movingVariance = scope.addParameter('variance', [channels], { constant: 1 }, false);
  }

  /** @param x float32 [batch, height, width, channels]. @returns float32 in the shape of `x`. */
  forward(x: tf.Tensor4D, context: ForwardContext): tf.Tensor4D {
    return tf.tidy(() => {
      if (!context.training) {
        const factor = tf.mul(this.gamma, tf.rsqrt(tf.add(this.movingVariance, 1e-5)));
        return tf.add(tf.mul(x, factor), tf.sub(this.beta, tf.mul(this.movingMean, factor))) as tf.Tensor4D;
      }
      const { value, mean, variance } = batchNorm(x, this.gamma, this.beta, { rows: context.rows });
      if (context.updateStatistics) {
        this.update(this.movingMean, mean);
        this.update(this.movingVariance, variance);
      }
      return value;
    });
  }

  private update(moving: tf.Variable, newest: tf.Tensor): void {
    moving.assign(tf.add(tf.mul(moving, 1 - this.momentum), tf.mul(newest, this.momentum)));
  }
}
