import { DenseLabelDecoder } from '@cxr-align/image-backbone';
import * as losses from '@cxr-align/losses';
import * as reference from '@cxr-align/losses/reference';
import {
  AdamW,
  Linear,
  Parameters,
  ForwardContext,
  relu,
  CapturedGradients,
  ModelPrecision,
  type ProductPrecision,
  TransformerEncoder,
  type StepCaptureMode,
} from '@cxr-align/nn';
import { RandomStream } from '@cxr-align/random';
import { valueAndGradients } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** Size of a training step; the names are those of the peer. */
export interface StepSize {
  /** Width of label embeddings and of the features. */
  dim: number;
  layers: number;
  batch: number;
  /** The decoder's mixing layer. */
  mixing: 'full' | 'factored' | 'folded';
  /** Width of the features where it is another. */
  inputDim?: number;
}

const labels = 14;
const heads = 8;
const dropout = 0.1;

/**
 * The method's whole training step on stored features, as the peer has it: features [batch, dim] → [labels, dim] with the mixing
 * layer, a transformer on both branches, one shared layer applied twice and one unit for the logits; classification,
 * the reference's contrast, orthogonality, its graph loss; their sum balanced by exp(L)·L; clip at 1; AdamW.
 */
export class TrainingStep {
  readonly parameters = new Parameters(1);
  private readonly decoder: DenseLabelDecoder;
  private readonly prompts: TransformerEncoder;
  private readonly shared: Linear;
  private readonly head: Linear;
  private readonly contrastScale: tf.Variable & tf.Scalar;
  private readonly promptScale: tf.Variable & tf.Scalar;
  private readonly optimizer: AdamW;
  private readonly data: { features: tf.Tensor2D; texts: tf.Tensor3D; targets: tf.Tensor2D; prior: tf.Tensor2D };
  readonly captured: CapturedGradients;
  private readonly precision: ModelPrecision;
  private step = 0;

  /** @param stepCapture how gradients and update are captured. @param precision of the products of the model. */
  constructor(
    { dim, layers, batch, mixing, inputDim = dim }: StepSize,
    stepCapture: StepCaptureMode = 'auto',
    precision: ProductPrecision = 'float32',
  ) {
    this.precision = new ModelPrecision(precision);
    this.captured = new CapturedGradients({ stepCapture, precision: this.precision });
    const transformer = { dim, layers, heads, dropout };
    const scope = this.parameters.scope('model');
    this.decoder = new DenseLabelDecoder(scope.scope('splitter'), {
      inputDim,
      labels,
      mixing,
      rank: dim,
      ...transformer,
    });
    this.prompts = new TransformerEncoder(scope.scope('prompts'), transformer);
    this.shared = new Linear(scope.scope('shared'), dim, dim);
    this.head = new Linear(scope.scope('head'), dim, 1);
    const scale = { constant: Math.log(1 / 0.07) };
    this.contrastScale = scope.addParameter<tf.Scalar>('contrastScale', [], scale);
    this.promptScale = scope.addParameter<tf.Scalar>('promptScale', [], scale);
    this.optimizer = new AdamW(this.parameters.trainable(), { weightDecay: 1e-4, maxGradientNorm: 1, stepCapture });
    const random = (purpose: string, count: number): Float32Array =>
      new RandomStream({ seed: 1, purpose }).normals(count);
    this.data = tf.tidy(() => ({
      features: tf.tensor2d(random('features', batch * inputDim), [batch, inputDim]),
      texts: tf.tensor3d(random('texts', labels * dim), [1, labels, dim]),
      targets: tf.tensor2d(
        random('targets', batch * labels).map((value) => (value > 0.8 ? 1 : 0)),
        [batch, labels],
      ),
      prior: tf.sigmoid(tf.tensor2d(random('prior', labels * labels), [labels, labels])),
    }));
  }

  /**
   * Takes a step.
   *
   * @param features [batch, inputDim]; always the same ones unless given.
   * @param options `isReplayed`: whether the engine may replay a captured step. Default true.
   * @returns the loss.
   */
  async run(features?: Float32Array, { isReplayed = true } = {}): Promise<number> {
    const given = features && tf.tensor2d(features, this.data.features.shape);
    const context = new ForwardContext({ training: true, seed: 1, step: this.step++ });
    const input = given ?? this.data.features;
    const forward = (now: ForwardContext): { loss: tf.Scalar; aux: tf.NamedTensorMap } => ({
      loss: this.loss(now, input),
      aux: {},
    });
    const variables = this.parameters.trainable().map(({ variable }) => variable);
    const { loss, gradients } = isReplayed
      ? this.captured.compute({ inputs: [input], context }, forward, variables)
      : this.precision.gradients(() => valueAndGradients(() => forward(context), variables));
    const norm = this.optimizer.applyGradients(gradients, { learningRate: 2e-5 });
    const [value] = await loss.data();
    tf.dispose([loss, norm, ...(given ? [given] : [])]);
    return value;
  }

  private loss(context: ForwardContext, features: tf.Tensor2D): tf.Scalar {
    const { texts, targets, prior } = this.data;
    const unit = (x: tf.Tensor): tf.Tensor => tf.div(x, tf.sqrt(tf.add(tf.sum(tf.square(x), -1, true), 1e-12)));
    const { images, prompts, logits } = this.precision.model(() => {
      const images = unit(this.decoder.forward(features, context).embeddings) as tf.Tensor3D;
      const prompts = tf.squeeze(unit(this.prompts.forward(texts, context)), [0]) as tf.Tensor2D;
      const hidden = (x: tf.Tensor): tf.Tensor => relu(this.shared.forward(x));
      const logits = tf.squeeze(this.head.forward(hidden(hidden(images))), [-1]) as tf.Tensor2D;
      return { images, prompts, logits };
    });
    const contrast = reference.referenceLabelContrastiveLoss(images, prompts, { logitScale: this.contrastScale });
    const [batch, , dim] = images.shape;
    const flat = tf.matMul(tf.reshape(images, [batch * labels, dim]) as tf.Tensor2D, prompts, false, true);
    const similarity = tf.mul(
      tf.transpose(tf.reshape(flat, [batch, labels, labels]), [0, 2, 1]),
      tf.exp(this.contrastScale),
    ) as tf.Tensor3D;
    const all = [
      losses.binaryCrossEntropyLoss(logits, targets),
      contrast,
      reference.identityCrossEntropyLoss(prompts, { logitScale: this.promptScale }),
      reference.secondOrderGraphLoss(similarity, prior),
    ];
    return losses.taskDifficultyLoss(tf.stack(all), { form: 'exp' });
  }

  dispose(): void {
    this.captured.dispose();
    this.optimizer.dispose();
    this.parameters.dispose();
    tf.dispose(this.data);
  }
}

/** Multiplications and additions of the matrix products of one step, each counted as one operation, as the peer counts. */
export function stepFlops({ dim, layers, batch, mixing }: StepSize): number {
  const wide = labels * dim;
  const ofToken = 2 * (4 * dim * dim + 8 * dim * dim) + 4 * labels * dim;
  const encoder = (tokens: number): number => layers * tokens * ofToken;
  const first = 2 * batch * dim * wide;
  const second = { full: 2 * batch * wide * wide, factored: 4 * batch * wide * dim, folded: 0 }[mixing];
  const text = encoder(labels) * 3 - 2 * labels * 3 * dim * dim;
  const classifier = 3 * batch * labels * 2 * (2 * dim * dim + dim);
  const ofLosses = 3 * (2 * batch * labels * labels * dim + 2 * batch * labels ** 3 + 2 * labels * labels * dim);
  return first * 2 + second * 3 + encoder(batch * labels) * 3 + text + classifier + ofLosses;
}
