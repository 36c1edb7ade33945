import type { PixelScale } from '@cxr-align/image-backbone';
import type { ForwardContext } from '@cxr-align/nn';
import { l2Normalize } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { ImageInput, InputDescription, ModelBatch } from './model-inputs.js';
import type { BranchOutput, FeatureMapCapability, Model, ModelOutput, PromptCapability } from './model.js';

/** One model of an ensemble, with the inputs that it was trained on. */
export interface EnsembleMember {
  model: Model;
  input: InputDescription;
}

/**
 * Several models of one configuration, as those of the folds of a cross-validation: its logits are the mean of theirs. Its inputs are
 * those of the first member; the others, whose training images had another mean and standard deviation, are given theirs.
 *
 * @see Hansen, Salamon 1990, doi:10.1109/34.58871; Lakshminarayanan et al. 2017, arXiv:1612.01474.
 */
export class EnsembleModel implements Model {
  readonly ensembleWeights: NonNullable<Model['ensembleWeights']>;
  /** The branches of each member, one member after the other: those of the same name belong together. */
  readonly branchNames: readonly string[];
  readonly maps?: FeatureMapCapability;
  readonly prompts?: PromptCapability;
  readonly zeroShot?: Model['zeroShot'];

  constructor(private readonly members: readonly EnsembleMember[]) {
    const { length: count } = members;
    const [{ model: first }] = members;
    this.branchNames = members.flatMap(({ model }) => model.branchNames ?? ['model']);
    this.ensembleWeights = tf.tidy(() => {
      const shares = members.map(({ model }) => tf.div<tf.Tensor1D>(model.ensembleWeights ?? tf.ones([1]), count));
      return tf.variable(tf.concat(shares), false) as tf.Variable & tf.Tensor1D;
    });
    if (first.maps) this.maps = { encode: (inputs) => this.encode(inputs), predict: (maps) => this.predict(maps) };
    if (first.prompts)
      this.prompts = {
        encodePrompts: (texts) => this.joinPrompts(members.map(({ model }) => model.prompts!.encodePrompts(texts))),
        explain: (inputs, texts, observations) =>
          mean(members.map((one) => one.model.prompts!.explain(this.inputsOf(one, inputs), texts, observations))),
      };
    if (first.zeroShot)
      this.zeroShot = {
        scorePrompts: (maps, texts) =>
          mean(this.split(maps).map((own, i) => members[i].model.zeroShot!.scorePrompts(own, texts))),
        scorePromptsPerPatch: (map) =>
          mean(
            tf.split<tf.Tensor4D>(map, count, 3).map((own, i) => members[i].model.zeroShot!.scorePromptsPerPatch(own)),
          ),
      };
  }

  forward(inputs: ModelBatch, context: ForwardContext): ModelOutput {
    return this.together(this.members.map((one) => one.model.forward(this.inputsOf(one, inputs), context)));
  }

  dispose(): void {
    this.ensembleWeights.dispose();
  }

  /** The maps of all members, channel after channel. */
  private encode(inputs: ModelBatch): ModelBatch {
    const maps = this.members.map((one) => one.model.maps!.encode(this.inputsOf(one, inputs)));
    const joined = (parts: tf.Tensor4D[]): tf.Tensor4D => tf.concat(parts, 3);
    return {
      main: joined(maps.map(({ main }) => main)),
      ...(maps[0].images && { images: joined(maps.map(({ images }) => images!)) }),
    };
  }

  private split({ main, images }: ModelBatch): ModelBatch[] {
    const { length: count } = this.members;
    const others = images && tf.split<tf.Tensor4D>(images, count, 3);
    return tf.split<tf.Tensor4D>(main, count, 3).map((own, i) => ({ main: own, ...(others && { images: others[i] }) }));
  }

  private predict(maps: ModelBatch): ModelOutput {
    return this.together(this.split(maps).map((own, i) => this.members[i].model.maps!.predict(own)));
  }

  private together(outputs: readonly ModelOutput[]): ModelOutput {
    const branches = outputs.flatMap((output) => output.branches);
    const prompts = outputs.flatMap((output) => output.prompts ?? []);
    return {
      logits: mean(outputs.map(({ logits }) => logits)),
      branches: [joinFirst(outputs.map((output) => output.branches[0])), ...branches.slice(1)],
      ...(prompts.length > 0 && { prompts: this.joinPrompts(prompts) }),
    };
  }

  /** Prompts of all members side by side, each of length 1: their cosine is the mean of the members' cosines. */
  private joinPrompts(prompts: readonly NonNullable<ModelOutput['prompts']>[]): NonNullable<ModelOutput['prompts']> {
    const joined = (parts: readonly tf.Tensor2D[]): tf.Tensor2D => unitConcat(parts, 1);
    return {
      positive: joined(prompts.map(({ positive }) => positive)),
      ...(prompts[0].negative && { negative: joined(prompts.map(({ negative }) => negative!)) }),
    };
  }

  /** The inputs of the ensemble as a member was trained on them. */
  private inputsOf({ input }: EnsembleMember, inputs: ModelBatch): ModelBatch {
    const [own, first] = [imagesOf(input), imagesOf(this.members[0].input)];
    if (!own || !first || (own.scale.mean === first.scale.mean && own.scale.std === first.scale.std)) return inputs;
    return input.kind === 'image'
      ? { main: rescaled(inputs.main, first.scale, own.scale) }
      : { ...inputs, images: rescaled(inputs.images!, first.scale, own.scale) };
  }
}

/** The images among inputs, whose pixels are standardized by the training images. */
function imagesOf(input: InputDescription): ImageInput | undefined {
  return input.kind === 'image' ? input : input.images;
}

function rescaled(pixels: tf.Tensor4D, from: PixelScale, to: PixelScale): tf.Tensor4D {
  return tf.add<tf.Tensor4D>(tf.mul(pixels, from.std / to.std), (from.mean - to.mean) / to.std);
}

/** The first branches of all members as one: what reports show of a branch. */
function joinFirst(branches: readonly BranchOutput[]): BranchOutput {
  const [first] = branches;
  const all = <T>(valueOf: (branch: BranchOutput) => T | undefined): T[] =>
    branches.flatMap((branch) => valueOf(branch) ?? []);
  const embeddings = all(({ embeddings: own }) => own);
  const attention = all(({ attention: own }) => own);
  const sources = all(({ sourceAttention: own }) => own);
  return {
    ...first,
    ...(embeddings.length > 0 && { embeddings: unitConcat(embeddings, 2) }),
    ...(attention.length > 0 && { attention: mean(attention) }),
    ...(sources.length > 0 && { sourceAttention: mean(sources) }),
  };
}

/** Vectors of length 1 side by side along the last axis. */
function unitConcat<T extends tf.Tensor>(parts: readonly T[], axis: number): T {
  return tf.concat(
    parts.map((part) => l2Normalize(part, 1e-6)),
    axis,
  ) as T;
}

function mean<T extends tf.Tensor>(tensors: readonly T[]): T {
  return tf.div<T>(tf.addN([...tensors]), tensors.length);
}
