import * as tf from '@tensorflow/tfjs-core';

/**
 * A value of a graph. One of four axes may be held as [batch, height, width, channels], which TensorFlow.js convolves, where the graph
 * says [batch, channels, height, width].
 */
export interface Held {
  tensor: tf.Tensor;
  isChannelsLast: boolean;
}

/** A value as the graph has it. */
export const plain = (tensor: tf.Tensor): Held => ({ tensor, isChannelsLast: false });

/** A value of four axes with its channels last. */
export const channelsLast = (tensor: tf.Tensor): Held => ({ tensor, isChannelsLast: true });

/** Where the axes of a graph's value are when its channels are last. */
export const axisWhenLast = [0, 3, 1, 2];

/** The value as the graph has it. */
export function asPlain({ tensor, isChannelsLast }: Held): tf.Tensor {
  return isChannelsLast ? tf.transpose(tensor, [0, 3, 1, 2]) : tensor;
}

/** A value of at most four axes with its channels last; single numbers stay as they are. */
export function asChannelsLast({ tensor, isChannelsLast }: Held): tf.Tensor {
  if (isChannelsLast || tensor.size === 1) return tensor.rank > 4 ? tf.reshape(tensor, [1]) : tensor;
  const four =
    tensor.rank === 4 ? tensor : tf.reshape(tensor, [...new Array(4 - tensor.rank).fill(1), ...tensor.shape]);
  return tf.transpose(four, [0, 2, 3, 1]);
}
