import * as tf from '@tensorflow/tfjs-core';
import { rowOf } from './cosine-matrix.js';
import { inverseNorms } from './inverse-norms.js';
import { withGradient } from './with-gradient.js';

/**
 * Scaled cosines of all pairs of rows, κ x_i · y_j / (‖x_i‖ ‖y_j‖); rows are multiplied first and normalised after, when
 * they are few numbers.
 *
 * @param x float32 [..., n, dim]. @param y float32 [..., m, dim], of the same rank.
 * @param scale κ. Default 1.
 * @returns float32 [..., n, m]. The caller owns it.
 */
export function pairCosines(x: tf.Tensor, y: tf.Tensor, scale?: tf.Scalar): tf.Tensor {
  return tf.tidy(() => {
    const ofRows = inverseNorms(x);
    const products = tf.matMul(x, y, false, true);
    return scaleRowsAndColumns(products, scale ? tf.mul(ofRows, scale) : ofRows, rowOf(inverseNorms(y)));
  });
}

/** p_ij a_i b_j, none of a and b 0; keeps the result alone. */
function scaleRowsAndColumns(products: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor): tf.Tensor {
  return withGradient([products, rows, columns], (p, a, b) => {
    const ofRows = tf.mul(p, a);
    const value = tf.mul(ofRows, b);
    ofRows.dispose();
    return {
      value,
      saved: [value, a, b],
      gradient: (dy, [z, ofRows, ofColumns]) => {
        const along = (axis: number): tf.Tensor => tf.sum(tf.mul(dy, z), axis, true);
        return [
          () => tf.mul(tf.mul(dy, ofRows), ofColumns),
          () => tf.div(along(-1), ofRows),
          () => tf.div(along(-2), ofColumns),
        ];
      },
    };
  });
}
