import { isNoFinding } from '@cxr-align/evaluation';
import type { LabelGraph } from '@cxr-align/label-graph';
import { combineDescriptors, normalizeRow, rowCosine, scoreDescriptors } from '@cxr-align/text-encoder';
import * as tf from '@tensorflow/tfjs-core';
import type { LoadedModel } from '../store/open-model.js';
import type { ModelBatch } from '../model/model-inputs.js';
import { ModelTexts } from '../texts/model-texts.js';
import type { FrozenTexts } from '../texts/frozen-text-arrays.js';

/** The probability of one observation on an image, and its contribution to the score of its label. */
export interface ObservationShare {
  observation: string;
  /** Of the observation being present, in (0, 1). */
  probability: number;
  /** The shares of a label sum to its score. */
  contribution: number;
}

/** The zero-shot probability of a label by its prompts alone, and the observations that it is composed of. */
export interface PromptView {
  /** Geometric mean of the observations' probabilities. */
  probability: number;
  /** Geometric mean of the probabilities of the observations being absent. */
  absent: number;
  /** ln(probability): the sum of the contributions. */
  score: number;
  /** The most probable first. */
  observations: ObservationShare[];
}

/**
 * The prompts' views of all labels from the probabilities of their observations.
 *
 * @param present [observations] of one image, those of the first label first.
 * @param words observations of each label.
 */
export function explain(
  present: ArrayLike<number>,
  words: readonly { descriptors: readonly string[] }[],
): PromptView[] {
  let from = 0;
  return words.map(({ descriptors }) => {
    const own = descriptors.map((_, i) => present[from + i]);
    from += descriptors.length;
    const { probability, absent, score, contributions } = combineDescriptors(own);
    const observations = descriptors.map((observation, i) => ({
      observation,
      probability: own[i],
      contribution: contributions[i],
    }));
    return { probability, absent, score, observations: observations.sort((a, b) => b.probability - a.probability) };
  });
}

/** The zero-shot probabilities of all labels: No Finding has 1 − the largest of the others. */
export function explainedProbabilities(views: readonly PromptView[], graph: LabelGraph): number[] {
  const normal = graph.labels.findIndex((name) => isNoFinding(name, graph));
  const others = views.filter((_, i) => i !== normal).map(({ probability }) => probability);
  return views.map(({ probability }, i) => (i === normal && others.length > 0 ? 1 - Math.max(...others) : probability));
}

/** Explains the zero-shot labels of a dual encoder, without any training. */
export class DualEncoderExplainer {
  private readonly prompts: { positive: Float32Array; negative: Float32Array };

  /** @throws {RangeError} if the texts have no observations. */
  constructor(private readonly texts: FrozenTexts) {
    const { descriptors } = texts;
    if (!descriptors)
      throw new RangeError('classifier/DualEncoderExplainer: expected texts with observations, got none');
    const all = Float32Array.from(descriptors.data);
    this.prompts = { positive: all.subarray(0, all.length / 2), negative: all.subarray(all.length / 2) };
  }

  /**
   * How much closer each patch of an image is to "the label is present" than to "it is absent": the difference of its cosines to the
   * means of the observations' positive and negative prompts, in [−2, 2].
   *
   * @param map vectors [patches, dim] of one image.
   * @returns [patches].
   */
  similarityMap(map: Float32Array, label: number): Float32Array {
    const dim = this.texts.prompts.shape[2];
    const counts = this.texts.words.map(({ descriptors }) => descriptors.length);
    const from = counts.slice(0, label).reduce((sum, count) => sum + count, 0);
    const mean = (prompts: Float32Array): Float32Array => {
      const sum = new Float32Array(dim);
      for (let row = from; row < from + counts[label]; row++)
        for (let i = 0; i < dim; i++) sum[i] += prompts[row * dim + i];
      return sum;
    };
    const [positive, negative] = [mean(this.prompts.positive), mean(this.prompts.negative)];
    return Float32Array.from({ length: map.length / dim }, (_, patch) => {
      const at = { dim, a: patch, b: 0 };
      return rowCosine(map, positive, at) - rowCosine(map, negative, at);
    });
  }

  /** @param images vectors [images, dim], of any length. @returns for each image an explanation of each label. */
  explain(images: Float32Array): PromptView[][] {
    const dim = this.texts.prompts.shape[2];
    const unit = images.slice();
    for (let start = 0; start < unit.length; start += dim) normalizeRow(unit.subarray(start, start + dim));
    const { present } = scoreDescriptors(unit, this.prompts, { dim });
    const count = this.prompts.positive.length / dim;
    return Array.from({ length: images.length / dim }, (_, image) =>
      explain(present.subarray(image * count, (image + 1) * count), this.texts.words),
    );
  }
}

/** Explains the labels of a trained model by the prompts of their observations. */
export class RunExplainer {
  private readonly texts: ModelTexts;
  private readonly observations: tf.Tensor4D;
  private readonly words: FrozenTexts['words'];

  /** @throws {RangeError} if the run knows no observations. */
  constructor(private readonly loaded: LoadedModel) {
    const { texts } = loaded.stored;
    const { model } = loaded;
    if (!texts?.descriptors || !model.prompts)
      throw new RangeError('classifier/RunExplainer: expected a run that knows observations, got one without');
    // A decoder that is not queried by prompts has outputs for its trained labels alone.
    const count = model.zeroShot ? texts.words.length : loaded.stored.graph.labels.length;
    this.words = texts.words.slice(0, count);
    this.texts = new ModelTexts(texts, count);
    this.observations = observationTensor(texts, this.words);
  }

  /** @param inputs of one image. @returns an explanation of each label. */
  async explain(inputs: ModelBatch): Promise<PromptView[]> {
    const logits = tf.tidy(() => this.loaded.model.prompts!.explain(inputs, this.texts, this.observations));
    const values = await logits.data().finally(() => logits.dispose());
    const labels = this.words.length;
    const present = this.words.flatMap(({ descriptors }, label) =>
      descriptors.map((_, one) => 1 / (1 + Math.exp(-values[one * labels + label]))),
    );
    return explain(present, this.words);
  }

  dispose(): void {
    this.texts.dispose();
    this.observations.dispose();
  }
}

/** Observations as sets with one of each label [observations, 2, labels, dim]; labels with fewer begin again. */
function observationTensor({ descriptors }: FrozenTexts, words: FrozenTexts['words']): tf.Tensor4D {
  const { shape, data } = descriptors!;
  const [, total, dim] = shape;
  const most = Math.max(...words.map((one) => one.descriptors.length));
  const starts: number[] = [];
  words.reduce((at, one) => (starts.push(at), at + one.descriptors.length), 0);
  const values = new Float32Array(most * 2 * words.length * dim);
  let to = 0;
  for (let one = 0; one < most; one++) {
    for (let kind = 0; kind < 2; kind++) {
      words.forEach((word, label) => {
        const row = kind * total + starts[label] + (one % word.descriptors.length);
        values.set(data.subarray(row * dim, (row + 1) * dim), to);
        to += dim;
      });
    }
  }
  return tf.tensor4d(values, [most, 2, words.length, dim]);
}
