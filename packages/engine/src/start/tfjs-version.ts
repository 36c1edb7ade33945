import * as tf from '@tensorflow/tfjs-core';

/** The version of TensorFlow.js that computes. */
export const tfjsVersion = tf.version_core;
