import type { FusedOps } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
import { runNativeOp } from './native-ops.js';

/** Whether the binding has our own kernels: one that was installed from npm has not. */
export function hasNativeKernels(): boolean {
  try {
    tf.tidy(() => runNativeOp('CxrColumnSums', { x: tf.ones([1, 1]) }, {}));
    return true;
  } catch {
    return false;
  }
}

const maskKeyOf = (words: Int32Array): tf.Tensor => tf.tensor1d(words, 'int32');

/** The fused operations that the kernels of `native/` compute. */
export const nativeFusedOps: FusedOps = {
  columnSums: (x) => runNativeOp('CxrColumnSums', { x }, {}).sums as tf.Tensor1D,
  dropout: (x, { rate, words }, residual) => {
    const inputs = { x, maskKey: maskKeyOf(words), residual: residual ? [residual] : [] };
    return runNativeOp('CxrDropout', inputs, { rate, residuals: inputs.residual.length }).y;
  },
  biasReluDropout: (product, bias, { rate, words }) => {
    const { y: value } = runNativeOp('CxrBiasReluDropout', { product, bias, maskKey: maskKeyOf(words) }, { rate });
    return {
      value,
      saved: [value],
      gradient: (dy, [y]) => {
        const { dproduct, dbias } = runNativeOp('CxrBiasReluDropoutGrad', { dy, y }, { rate });
        return [dproduct, dbias];
      },
    };
  },
  layerNorm: (x, gamma, beta, eps) => {
    const { y, statistics } = runNativeOp('CxrLayerNorm', { x, gamma, beta }, { eps });
    return {
      value: y,
      saved: [x, statistics, gamma],
      gradient: (dy, [x, statistics, gamma]) => {
        const { dx, dgamma, dbeta } = runNativeOp('CxrLayerNormGrad', { dy, x, statistics, gamma }, {});
        return [dx, dgamma, dbeta];
      },
    };
  },
  attention: (query, keyValue, { batch, heads }, { rate, words }) => {
    const attributes = { rate, heads, batch };
    const maskKey = maskKeyOf(words);
    const { attended, weights } = runNativeOp('CxrAttention', { query, keyValue, maskKey }, attributes);
    return {
      value: attended,
      saved: [query, keyValue, weights, maskKey],
      gradient: (dattended, [query, keyValue, weights, maskKey]) => {
        const inputs = { dattended, query, keyValue, weights, maskKey };
        const { dquery, dkeyValue } = runNativeOp('CxrAttentionGrad', inputs, attributes);
        return [dquery, dkeyValue];
      },
    };
  },
};
