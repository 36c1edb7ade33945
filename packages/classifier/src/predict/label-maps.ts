import { ForwardContext } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import type { ModelBatch } from '../model/model-inputs.js';
import type { Model } from '../model/model.js';

/**
 * What a map shows of a label: the cross-attention of its query (`attention`), the similarity of each patch to its prompts
 * (`similarity`), features times gradient of the logit (`gradient`), or how far the logit falls where a part of the image is covered
 * (`occlusion`).
 */
export const mapKinds = ['attention', 'similarity', 'gradient', 'occlusion'] as const;
export type MapKind = (typeof mapKinds)[number];

/** Maps of one image. */
export interface LabelMaps {
  /** Cells along a side. */
  grid: number;
  /** [grid, grid] row by row for each label, 0 or more. */
  maps: Float32Array[];
}

/** Cells along a side where an image is covered. */
const covered = 8;

/** The kinds of map that a model has. */
export function mapKindsOf(model: Model): MapKind[] {
  return mapKinds.filter(
    (kind) =>
      kind === 'occlusion' ||
      (kind === 'gradient' && model.maps) ||
      ((kind === 'attention' || kind === 'similarity') && model.zeroShot),
  );
}

/**
 * Maps of some labels on one image.
 *
 * @param inputs of one image, as the model takes them.
 * @param labels columns of the trained labels.
 * @throws {RangeError} if the model has no such map.
 */
export async function labelMaps(
  model: Model,
  inputs: ModelBatch,
  kind: MapKind,
  labels: readonly number[],
): Promise<LabelMaps> {
  if (!mapKindsOf(model).includes(kind))
    throw new RangeError(
      `classifier/labelMaps: expected a map of ${mapKindsOf(model).join(', ')}, which this model has; got ${kind}`,
    );
  if (kind === 'occlusion') return occlusionMaps(model, inputs, labels);
  const made = tf.tidy(() => {
    const maps = model.maps!.encode(inputs);
    const [, grid] = maps.main.shape;
    if (kind === 'gradient') return { grid, values: gradientMaps(model, maps, labels) };
    const all =
      kind === 'attention'
        ? tf.squeeze(model.maps!.predict(maps).branches[0].attention!, [0])
        : tf.transpose(tf.squeeze(tf.relu(model.zeroShot!.scorePromptsPerPatch(maps.main)), [0]));
    return { grid, values: tf.gather(all, tf.tensor1d([...labels], 'int32')) };
  });
  const values = (await made.values.data().finally(() => made.values.dispose())) as Float32Array;
  const size = made.grid ** 2;
  return { grid: made.grid, maps: labels.map((_, i) => values.slice(i * size, (i + 1) * size)) };
}

/**
 * Features times the gradient of the label's logit, summed over channels: [labels, patches]. Gradients are not averaged over the
 * patches as in Grad-CAM, since a decoder with attention weighs patches differently.
 *
 * @see Draelos and Carin 2020, arXiv:2011.08891 (HiResCAM).
 */
function gradientMaps(model: Model, maps: ModelBatch, labels: readonly number[]): tf.Tensor2D {
  const { main } = maps;
  const [, grid] = main.shape;
  return tf.stack(
    labels.map((label) => {
      const gradient = tf.grad((features) =>
        tf.sum(tf.slice(model.maps!.predict({ ...maps, main: features as tf.Tensor4D }).logits, [0, label], [1, 1])),
      )(main);
      return tf.reshape(tf.relu(tf.sum(tf.mul(main, gradient), -1)), [grid * grid]);
    }),
  ) as tf.Tensor2D;
}

/**
 * How far each label's logit falls where a window of a quarter of the side is filled with the image's mean.
 *
 * @see Zeiler and Fergus 2014, arXiv:1311.2901.
 */
async function occlusionMaps(model: Model, inputs: ModelBatch, labels: readonly number[]): Promise<LabelMaps> {
  const grid = Math.min(covered, inputs.main.shape[1]);
  const maps = labels.map(() => new Float32Array(grid * grid));
  const whole = await logitsOf(model, inputs);
  // A row of the map at a time: all cells at once would be grid² images.
  for (let row = 0; row < grid; row++) {
    const batch: ModelBatch = tf.tidy(() => ({
      main: coveredImages(inputs.main, grid, row),
      ...(inputs.images && { images: coveredImages(inputs.images, grid, row) }),
    }));
    const logits = await logitsOf(model, batch).finally(() => tf.dispose({ ...batch }));
    const count = whole.length;
    labels.forEach((label, i) => {
      for (let column = 0; column < grid; column++)
        maps[i][row * grid + column] = Math.max(0, whole[label] - logits[column * count + label]);
    });
  }
  return { grid, maps };
}

async function logitsOf(model: Model, images: ModelBatch): Promise<Float32Array> {
  const logits = tf.tidy(() => model.forward(images, new ForwardContext({ training: false })).logits);
  return (await logits.data().finally(() => logits.dispose())) as Float32Array;
}

/** The image once for each cell of a row of the map, a window around the cell filled with the mean. */
function coveredImages(inputs: tf.Tensor4D, grid: number, row: number): tf.Tensor4D {
  const [, height, width] = inputs.shape;
  const open = new Float32Array(grid * height * width).fill(1);
  const isNear = (at: number, place: number, extent: number): boolean =>
    Math.abs(at + 0.5 - ((place + 0.5) / grid) * extent) <= Math.max(0.5, extent / 8);
  for (let column = 0; column < grid; column++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        if (isNear(y, row, height) && isNear(x, column, width)) open[(column * height + y) * width + x] = 0;
  const mask = tf.tensor4d(open, [grid, height, width, 1]);
  return tf.add(tf.mul(inputs, mask), tf.mul(tf.mean(inputs, [1, 2], true), tf.sub(1, mask)));
}
