import * as tf from '@tensorflow/tfjs-core';
import type { FeatureInput } from './model-inputs.js';

/**
 * The description of features of several encoders as those of one: its `dim` is the sum, its `grid` the largest.
 *
 * @throws {RangeError} if a grid does not divide the largest one.
 */
export function joinDescriptions(parts: readonly FeatureInput[]): FeatureInput {
  const grid = Math.max(...parts.map((part) => part.grid));
  const other = parts.find((part) => grid % part.grid !== 0);
  if (other)
    throw new RangeError(
      `expected feature maps whose grids divide the largest one, ${grid} × ${grid}, to be joined, got ${other.grid} × ${other.grid} of ${other.source.encoder}; extract pooled features (map: false) of one of the encoders`,
    );
  return {
    kind: 'features',
    grid,
    dim: parts.reduce((sum, { dim }) => sum + dim, 0),
    dtype: parts.some(({ dtype }) => dtype === 'float32') ? 'float32' : 'float16',
    source: {
      encoder: parts.map(({ source }) => source.encoder).join(' + '),
      weightsHash: parts.map(({ source }) => source.weightsHash).join('+'),
      // What is seen of an image is seen by the first.
      preprocessing: parts[0].source.preprocessing,
    },
    encoder: null,
    joined: parts,
  };
}

/**
 * Feature maps of the same images side by side: a coarse one is repeated over the finest grid.
 *
 * @param maps float32 [batch, grid, grid, dim] of each encoder; disposed.
 * @param grid the finest.
 * @returns float32 [batch, grid, grid, Σ dim]. The caller owns it.
 */
export function joinMaps(maps: readonly tf.Tensor4D[], grid: number): tf.Tensor4D {
  const joined = tf.tidy(() =>
    tf.concat(
      maps.map((map) => repeated(map, grid / map.shape[1])),
      3,
    ),
  );
  tf.dispose([...maps]);
  return joined;
}

/** Each cell of a map as times × times cells. */
function repeated(map: tf.Tensor4D, times: number): tf.Tensor4D {
  if (times === 1) return map;
  const [batch, height, width, dim] = map.shape;
  const cells = tf.reshape(map, [batch * height, 1, width, 1, dim]);
  const spread = tf.tile(cells, [1, times, 1, times, 1]);
  return tf.reshape(spread, [batch, height * times, width * times, dim]);
}
