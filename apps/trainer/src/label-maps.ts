import { Pass } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import type { Model } from './model.js';

/**
 * What a map shows of a label: where its query looked (`attention`), what each place says of its prompts (`similarity`), how the
 * score would change with the features (`gradient`), or how far it falls where a part of the image is covered (`occlusion`).
 */
export const mapKinds = ['attention', 'similarity', 'gradient', 'occlusion'] as const;
export type MapKind = (typeof mapKinds)[number];

/** Maps of one image. */
export interface LabelMaps {
  /** Places along a side. */
  grid: number;
  /** [grid, grid] row by row for each label, 0 or more. */
  maps: Float32Array[];
}

/** Places along a side where an image is covered. */
const covered = 8;

/** The kinds of map that a model has. */
export function mapKindsOf(model: Model): MapKind[] {
  return mapKinds.filter(
    (kind) =>
      kind === 'occlusion' ||
      (kind === 'gradient' && model.fromMap) ||
      // Attention is that of a query, which asks each place too, where it comes from a prompt.
      ((kind === 'attention' || kind === 'similarity') && model.askEach),
  );
}

/**
 * Maps of some labels on one image.
 *
 * @param inputs float32 [1, height, width, channels], as the model takes them.
 * @param labels columns of the trained labels.
 * @throws {RangeError} if the model has no such map.
 */
export async function labelMaps(
  model: Model,
  inputs: tf.Tensor4D,
  kind: MapKind,
  labels: readonly number[],
): Promise<LabelMaps> {
  if (!mapKindsOf(model).includes(kind))
    throw new RangeError(
      `trainer/labelMaps: expected a map of ${mapKindsOf(model).join(', ')}, which this model has; got ${kind}`,
    );
  if (kind === 'occlusion') return occlusionMaps(model, inputs, labels);
  const made = tf.tidy(() => {
    const map = model.featureMap!(inputs);
    const [, grid] = map.shape;
    if (kind === 'gradient') return { grid, values: gradientMaps(model, map, labels) };
    const all =
      kind === 'attention'
        ? tf.squeeze(model.fromMap!(map).attention!, [0])
        : tf.transpose(tf.squeeze(tf.relu(model.askEach!(map)), [0]));
    return { grid, values: tf.gather(all, tf.tensor1d([...labels], 'int32')) };
  });
  const values = (await made.values.data()) as Float32Array;
  made.values.dispose();
  const size = made.grid ** 2;
  return { grid: made.grid, maps: labels.map((_, i) => values.slice(i * size, (i + 1) * size)) };
}

/**
 * At each place the features times how much the score would rise with them: [labels, places]. The slopes are not averaged over the
 * places, as Grad-CAM has it: a splitter that attends weighs them differently.
 *
 * @see Draelos and Carin 2020, arXiv:2011.08891 (HiResCAM).
 */
function gradientMaps(model: Model, map: tf.Tensor4D, labels: readonly number[]): tf.Tensor2D {
  const [, grid] = map.shape;
  return tf.stack(
    labels.map((label) => {
      const slope = tf.grad((features) =>
        tf.sum(tf.slice(model.fromMap!(features as tf.Tensor4D).logits, [0, label], [1, 1])),
      )(map);
      return tf.reshape(tf.relu(tf.sum(tf.mul(map, slope), -1)), [grid * grid]);
    }),
  ) as tf.Tensor2D;
}

/**
 * How far each label's logit falls where a window of a quarter of the side is filled with the image's mean.
 *
 * @see Zeiler and Fergus 2014, arXiv:1311.2901.
 */
async function occlusionMaps(model: Model, inputs: tf.Tensor4D, labels: readonly number[]): Promise<LabelMaps> {
  const [, height, width, channels] = inputs.shape;
  const grid = Math.min(covered, height);
  const made = tf.tidy(() => {
    const mean = tf.mean(inputs, [1, 2], true);
    const masks = coverMasks(grid, height, width);
    const open = tf.tensor4d(masks, [grid * grid, height, width, 1]);
    const images = tf.add(tf.mul(inputs, open), tf.mul(mean, tf.sub(1, open)));
    const all = tf.concat([inputs, images as tf.Tensor4D], 0);
    return model.apply(tf.reshape(all, [grid * grid + 1, height, width, channels]), Pass.predicting).logits;
  });
  const logits = await made.data();
  const count = made.shape[1];
  made.dispose();
  const maps = labels.map((label) =>
    Float32Array.from({ length: grid * grid }, (_, at) =>
      Math.max(0, logits[label] - logits[(at + 1) * count + label]),
    ),
  );
  return { grid, maps };
}

/** 1 where an image is left as it is, 0 in a window around each place. */
function coverMasks(grid: number, height: number, width: number): Float32Array {
  const masks = new Float32Array(grid * grid * height * width).fill(1);
  const half = { y: Math.max(0.5, height / 8), x: Math.max(0.5, width / 8) };
  for (let place = 0; place < grid * grid; place++) {
    const centre = {
      y: ((Math.floor(place / grid) + 0.5) / grid) * height,
      x: (((place % grid) + 0.5) / grid) * width,
    };
    for (let y = 0; y < height; y++) {
      if (Math.abs(y + 0.5 - centre.y) > half.y) continue;
      for (let x = 0; x < width; x++)
        if (Math.abs(x + 0.5 - centre.x) <= half.x) masks[(place * height + y) * width + x] = 0;
    }
  }
  return masks;
}
