import * as tf from '@tensorflow/tfjs-core';
import { withGradient } from './with-gradient.js';

/**
 * Cosines between all rows of each matrix.
 *
 *   C_ij = P_ij a_i a_j, P = X Xᵀ, a_i = 1 / sqrt(P_ii + eps²)
 *   dX = (S ∘ a aᵀ − diag(a_i² Σ_j S_ij C_ij)) X, S = dC + dCᵀ
 *
 * Rows are never normalised: neither pass makes a tensor of their size but the gradient.
 *
 * @param embeddings float32 [..., rows, dim].
 * @param eps Default 1e-6; its square still counts in float32.
 * @returns float32 [..., rows, rows], in [−1, 1]. The caller owns it.
 */
export function cosineMatrix(embeddings: tf.Tensor, eps = 1e-6): tf.Tensor {
  const own = (): tf.Tensor2D => tf.eye(embeddings.shape[embeddings.rank - 2]!);
  return tf.tidy(() =>
    withGradient([embeddings], (x) => {
      const products = tf.matMul(x, x, false, true);
      const lengths = tf.tidy(() => tf.sum(tf.mul(products, own()), -1, true));
      const inverse = tf.rsqrt(tf.add(lengths, eps * eps));
      const ofRows = tf.mul(products, inverse);
      products.dispose();
      const cosines = tf.mul(ofRows, rowOf(inverse));
      return {
        value: cosines,
        saved: [x, cosines, inverse],
        gradient: (dy, [rows, c, a]) => {
          const both = tf.tidy(() => tf.add(dy, transposed(dy)));
          const along = tf.tidy(() => tf.mul(tf.sum(tf.mul(both, c), -1, true), tf.square(a)));
          const scaled = tf.tidy(() => tf.mul(tf.mul(both, a), rowOf(a)));
          both.dispose();
          const mixing = tf.tidy(() => tf.sub(scaled, tf.mul(own(), along)));
          scaled.dispose();
          return [tf.matMul(mixing, rows)];
        },
      };
    }),
  );
}

/** A column [..., n, 1] as a row [..., 1, n]. */
export function rowOf(column: tf.Tensor): tf.Tensor {
  const [one, count] = [column.rank - 1, column.rank - 2].map((axis) => column.shape[axis]);
  return tf.reshape(column, [...column.shape.slice(0, -2), one, count] as number[]);
}

/** Matrices [..., n, m] as [..., m, n]. */
export function transposed(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, i) => i);
  return tf.transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}
