import { heads, type FittedHead, type StoredHead } from '@cxr-align/heads';
import type { Parameters, Scope } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import type { ModelBatch } from './model-inputs.js';
import type { Model, ModelInput, ModelOutput } from './model.js';

/**
 * A head that was fitted, in float64, before the model was built. The logits of linear heads are computed by tensors; others read the
 * features back, so that they need an engine whose tensors can be read at once.
 */
export class FittedHeadModel implements Model {
  readonly head: FittedHead;
  private readonly score: (batch: ModelBatch) => tf.Tensor2D;

  /** @throws {RangeError} if there is no head, or it is of another number of labels or features. */
  constructor(parameters: Parameters, { input, labels, head }: ModelInput) {
    if (!head)
      throw new RangeError(
        'classifier/FittedHeadModel: expected a head that was fitted, got none; fit it to features first',
      );
    if (input.kind !== 'features')
      throw new RangeError(
        'classifier/FittedHeadModel: expected the features of a frozen encoder as input, got images; extract features',
      );
    if (head.labels.length !== labels)
      throw new RangeError(
        `classifier/FittedHeadModel: expected a head of ${labels} labels, got one of ${head.labels.length}; fit it to the same labels`,
      );
    this.head = heads.get(head.kind).restore(head);
    const variables = addArrays(parameters.scope('head'), head);
    const { linear } = this.head;
    this.score = linear
      ? ({ main }) => linearLogits(main, variables, linear.scaling.isUnit)
      : ({ main }) => readLogits(main, this.head);
  }

  forward(batch: ModelBatch): ModelOutput {
    const logits = tf.tidy(() => this.score(batch));
    return { logits, branches: [{ logits }] };
  }
}

/** The arrays of a head as they are stored with a model: float32, by their names under `head/`. */
export function headWeights({
  arrays,
}: Pick<StoredHead, 'arrays'>): Map<string, { shape: number[]; data: Float32Array }> {
  return new Map(
    [...arrays].map(([name, { shape, data }]) => [
      `head/${name}`,
      { shape: [...shape], data: Float32Array.from(data) },
    ]),
  );
}

/** A head of arrays that were stored with a model. */
export function headOfWeights(
  head: Omit<StoredHead, 'arrays'>,
  weights: ReadonlyMap<string, { shape: number[]; data: ArrayLike<number> }>,
): StoredHead {
  const own = [...weights].filter(([name]) => name.startsWith('head/'));
  return {
    ...head,
    arrays: new Map(
      own.map(([name, { shape, data }]) => [name.slice('head/'.length), { shape, data: Float64Array.from(data) }]),
    ),
  };
}

/** The arrays as parameters, for the model folder and for tensors. */
function addArrays(scope: Scope, { arrays }: StoredHead): Map<string, tf.Variable> {
  return new Map(
    [...arrays].map(([name, { shape, data }]) => {
      const variable = scope.addParameter(name, [...shape], { constant: 0 });
      tf.tidy(() => variable.assign(tf.tensor(Float32Array.from(data), [...shape])));
      return [name, variable];
    }),
  );
}

function linearLogits(main: tf.Tensor4D, arrays: ReadonlyMap<string, tf.Variable>, isUnit: boolean): tf.Tensor2D {
  const pooled = tf.mean<tf.Tensor2D>(main, [1, 2]);
  const scaled = tf.div<tf.Tensor2D>(tf.sub(pooled, arrays.get('offset')!), arrays.get('divisor')!);
  const features = isUnit
    ? tf.div<tf.Tensor2D>(scaled, tf.maximum(tf.norm(scaled, 'euclidean', 1, true), 1e-12))
    : scaled;
  return tf.add(tf.matMul(features, arrays.get('weights') as tf.Tensor2D, false, true), arrays.get('bias')!);
}

function readLogits(main: tf.Tensor4D, head: FittedHead): tf.Tensor2D {
  const [images, height, width, dim] = main.shape;
  const patches = height * width;
  const data = main.dataSync<'float32'>();
  const logits = head.scores({
    pooled: pooledOf(data, { images, patches, dim }),
    maps: { images, patches, dim, data },
  });
  return tf.tensor2d(Float32Array.from(logits), [images, head.labels.length]);
}

/** The mean of each image's patches. */
export function pooledOf(
  data: Float32Array,
  { images, patches, dim }: { images: number; patches: number; dim: number },
): { rows: number; columns: number; data: Float64Array } {
  const out = new Float64Array(images * dim);
  for (let image = 0; image < images; image++)
    for (let patch = 0; patch < patches; patch++) {
      const from = (image * patches + patch) * dim;
      for (let i = 0; i < dim; i++) out[image * dim + i] += data[from + i] / patches;
    }
  return { rows: images, columns: dim, data: out };
}
