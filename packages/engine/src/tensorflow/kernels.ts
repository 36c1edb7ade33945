import type { FastForms } from '@cxr-align/fast-forms';
import * as tf from '@tensorflow/tfjs-core';
import { InPlaceAdamW } from './in-place-adamw.js';
import { Operations } from './operations.js';

/** Whether the binding has our own kernels: one that was installed from npm has not. */
export function hasKernels(): boolean {
  try {
    tf.tidy(() => new Operations().one('CxrColumnSums', [tf.ones([1, 1])], []));
    return true;
  } catch {
    return false;
  }
}

/** What our own kernels do: see `native/kernels.cc`. */
export const kernelForms: FastForms = {
  adamW: (variables, decay) => new InPlaceAdamW(variables, decay),
  columnSums: (x) => new Operations().one('CxrColumnSums', [x], []) as tf.Tensor1D,
  dropout: (x, { rate, words }, rest) => {
    const ops = new Operations();
    const inputs = [x, tf.tensor1d(words, 'int32'), ...(rest ? [rest] : [])];
    return ops.one('CxrDropout', inputs, [ops.number('rate', rate), ops.whole('more', rest ? 1 : 0)]);
  },
  hidden: (product, bias, { rate, words }) => {
    const ops = new Operations();
    const attributes = [ops.number('rate', rate)];
    const value = ops.one('CxrHidden', [product, bias, tf.tensor1d(words, 'int32')], attributes);
    return {
      value,
      saved: [value],
      gradient: (dy, [y]) => ops.several('CxrHiddenGrad', [dy, y], attributes, 2),
    };
  },
  layerNorm: (x, scale, shift, eps) => {
    const ops = new Operations();
    const [value, statistics] = ops.several('CxrLayerNorm', [x, scale, shift], [ops.number('eps', eps)], 2);
    return {
      value,
      saved: [x, statistics, scale],
      gradient: (dy, saved) => ops.several('CxrLayerNormGrad', [dy, ...saved], [], 3),
    };
  },
  attention: (query, keyValue, { batch, heads }, { rate, words }) => {
    const ops = new Operations();
    const attributes = [ops.number('rate', rate), ops.whole('heads', heads), ops.whole('batch', batch)];
    const key = tf.tensor1d(words, 'int32');
    const [value, weights] = ops.several('CxrAttention', [query, keyValue, key], attributes, 2);
    return {
      value,
      saved: [query, keyValue, weights, key],
      gradient: (dy, saved) => ops.several('CxrAttentionGrad', [dy, ...saved], attributes, 2),
    };
  },
};
