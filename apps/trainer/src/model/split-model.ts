import { labelPolicy } from '@cxr-align/datasets';
import {
  HeadScore,
  SimilarityScore,
  StandardizedFeatures,
  type HeadOutput,
  type ImageEncoder,
  type LabelEmbeddings,
} from '@cxr-align/image-backbone';
import { Linear, Pass, type Parameters, type Scope } from '@cxr-align/nn';
import { unstack } from '@cxr-align/tensor';
import { PromptEncoder, PromptMixture } from '@cxr-align/text-encoder';
import * as tf from '@tensorflow/tfjs-core';
import { ImageBranch, makeEncoder } from './image-branch.js';
import type { Config } from '../config/config.js';
import type { ModelBatch } from '../inputs/model-inputs.js';
import type { ModelTexts } from './model-texts.js';
import type { BranchOutput, Model, ModelInput, ModelOutput } from './model.js';

/**
 * Encoder, splitter and score: the aligned model, and without texts the vision-only one. Beside frozen features it has up to two
 * branches more, a linear probe and a trained stem; the logits are those of all, weighed.
 */
export class SplitModel implements Model {
  readonly similarity?: SimilarityScore;
  readonly features?: StandardizedFeatures;
  readonly stacking?: Model['stacking'];
  readonly branchNames: readonly string[];
  /** The main one, and that of the stem. */
  private readonly branches: ImageBranch[];
  private readonly probe?: Linear;
  private readonly promptEncoder?: PromptEncoder;
  private readonly mixture?: PromptMixture;
  private readonly heads: HeadScore[] = [];
  private readonly texts?: ModelTexts;
  readonly ask?: Model['ask'];
  readonly askEach?: Model['askEach'];
  readonly explain?: Model['explain'];
  readonly encodePrompts?: Model['encodePrompts'];

  constructor(config: Config, parameters: Parameters, { input, labels, texts }: ModelInput) {
    const { splitter, dropout, score, prompts } = config;
    const { dim } = splitter;
    const encoder = parameters.scope('encoder');
    const split = parameters.scope('splitter');
    const queries = texts ? undefined : labels;
    const branch = (of: ImageEncoder, scope: Scope): ImageBranch => new ImageBranch(config, of, scope, labels, queries);
    if (input.kind === 'features') {
      this.features = new StandardizedFeatures(encoder, input);
      this.branches = [branch(this.features, split)];
      if (input.stem)
        this.branches.push(branch(makeEncoder(config, encoder.scope('stem'), input.stem), split.scope('stem')));
    } else {
      this.branches = [branch(makeEncoder(config, encoder, input), split)];
    }
    if (texts) {
      this.texts = texts;
      this.promptEncoder = new PromptEncoder(parameters.scope('prompts'), {
        textDim: texts.dim,
        dim,
        heads: splitter.heads,
        layers: config.promptLayers,
        dropout,
        ...(prompts.context > 0 && {
          soft: { context: prompts.context, ...(prompts.contextPerLabel && { labels }) },
        }),
      });
      if (texts.sources) this.mixture = new PromptMixture(parameters.scope('prompts').scope('mixture'), { dim });
      this.similarity = new SimilarityScore(parameters.scope('similarity'));
      this.explain = (inputs, asked, observations) => this.explainBy(inputs, asked, observations);
      this.encodePrompts = (asked = texts) => this.encode(asked, Pass.predicting);
      if (splitter.kind === 'query') {
        this.ask = (maps, asked) => this.askFor(maps, asked);
        this.askEach = (map) => this.askPlaces(map, texts);
      }
    }
    if (!texts || score !== 'similarity') {
      const { classes } = labelPolicy(config.labelPolicy);
      const head = parameters.scope('head');
      this.heads = this.branches.map(
        (_, i) => new HeadScore(i === 0 ? head : head.scope('stem'), { dim, labels, dropout, classes }),
      );
    }
    if (this.features && config.encoder.probe)
      this.probe = new Linear(parameters.scope('head').scope('probe'), this.features.dim, labels, { gain: 0.01 });
    this.useSimilarity = texts !== undefined && score !== 'head';
    this.branchNames = ['splitter', 'stem'].slice(0, this.branches.length).concat(this.probe ? 'probe' : []);
    const { length: count } = this.branchNames;
    if (count > 1)
      this.stacking = parameters.scope('head').make<tf.Tensor1D>('stacking', [count], { constant: 1 / count }, false);
  }

  private readonly useSimilarity: boolean;

  apply(inputs: ModelBatch, pass: Pass): ModelOutput {
    return this.score(this.encodeImages(inputs, pass), pass);
  }

  featureMaps(inputs: ModelBatch): ModelBatch {
    return this.encodeImages(inputs, Pass.predicting);
  }

  fromMaps(maps: ModelBatch): ModelOutput {
    return this.score(maps, Pass.predicting);
  }

  private encodeImages({ main, stem }: ModelBatch, pass: Pass): ModelBatch {
    const [first, second] = this.branches;
    return {
      main: first.encoder.apply(main, pass),
      ...(second && { stem: second.encoder.apply(stem!, pass) }),
    };
  }

  private score(maps: ModelBatch, pass: Pass): ModelOutput {
    const prompts = this.texts && this.encode(this.texts, pass);
    const branches = this.split(maps, prompts, pass).map((split, i) => this.scoreBranch(i, split, prompts, pass));
    if (this.probe) branches.push({ logits: this.probe.apply(tf.mean(maps.main, [1, 2])) as tf.Tensor2D });
    return { logits: this.weighed(branches.map(({ logits }) => logits)), branches, prompts };
  }

  private scoreBranch(
    branch: number,
    { embeddings, attention }: LabelEmbeddings,
    prompts: ModelOutput['prompts'],
    pass: Pass,
  ): BranchOutput {
    const compared = this.texts && this.mix(embeddings, prompts!, this.texts);
    const scores: tf.Tensor2D[] = [];
    const head: HeadOutput | undefined = this.heads[branch]?.apply(embeddings, pass);
    if (head) scores.push(head.logits);
    if (this.useSimilarity) scores.push(this.compare(embeddings, compared?.prompts ?? prompts!));
    return {
      logits: meanOf(scores),
      classLogits: head?.classLogits,
      embeddings,
      attention,
      imagePrompts: compared?.prompts,
      sourceAttention: compared?.attention,
    };
  }

  /** The image's embedding for each label, of each branch. */
  private split({ main, stem }: ModelBatch, prompts: ModelOutput['prompts'], pass: Pass): LabelEmbeddings[] {
    return [main, ...(stem ? [stem] : [])].map((map, i) => this.branches[i].split(map, prompts?.positive, pass));
  }

  private encode(texts: ModelTexts, pass: Pass): NonNullable<ModelOutput['prompts']> {
    const frozen = texts.tokens ?? texts.chosen(pass);
    const [positive, negative] = unstack<tf.Tensor2D>(this.promptEncoder!.apply(frozen, pass));
    return { positive, negative };
  }

  /** The prompts that each image mixes for itself; undefined without a mixture. */
  private mix(
    embeddings: tf.Tensor3D,
    { positive, negative }: NonNullable<ModelOutput['prompts']>,
    { sources }: ModelTexts,
  ): { prompts: NonNullable<BranchOutput['imagePrompts']>; attention: tf.Tensor3D } | undefined {
    if (!this.mixture || !sources) return undefined;
    const target = tf.stack(negative ? [positive, negative] : [positive]) as tf.Tensor3D;
    const mixed = this.mixture.apply(embeddings, this.promptEncoder!.project(sources), target);
    return { prompts: { positive: mixed.prompts[0], negative: mixed.prompts[1] }, attention: mixed.attention };
  }

  /** What the branches say, all or the first ones, by their weights. */
  private weighed<T extends tf.Tensor>(said: readonly T[]): T {
    if (said.length === 1) return said[0];
    const weights = tf.slice(this.stacking!, [0], [said.length]);
    // The first ones say together as much as all would.
    const scale = tf.div(tf.sum(this.stacking!), tf.sum(weights));
    const shares = tf.split(tf.mul(weights, scale), said.length);
    return tf.addN(said.map((one, i) => tf.mul<T>(one, shares[i])));
  }

  private compare(
    embeddings: tf.Tensor3D,
    { positive, negative }: { positive: tf.Tensor; negative?: tf.Tensor },
  ): tf.Tensor2D {
    return this.similarity!.apply(embeddings, positive, negative);
  }

  private askFor(maps: ModelBatch, texts: ModelTexts): tf.Tensor2D {
    const prompts = this.encode(texts, Pass.predicting);
    const asked = this.split(maps, prompts, Pass.predicting);
    return this.weighed(
      asked.map(({ embeddings }) => this.compare(embeddings, this.mix(embeddings, prompts, texts)?.prompts ?? prompts)),
    );
  }

  private askPlaces(map: tf.Tensor4D, texts: ModelTexts): tf.Tensor3D {
    const prompts = this.encode(texts, Pass.predicting);
    const embeddings = this.branches[0].splitEach(map, prompts.positive);
    const compared = this.mix(embeddings, prompts, texts)?.prompts ?? prompts;
    const [batch, height, width] = map.shape;
    return tf.reshape(this.compare(embeddings, compared), [batch, height * width, prompts.positive.shape[0]]);
  }

  private explainBy(inputs: ModelBatch, texts: ModelTexts, observations: tf.Tensor4D): tf.Tensor3D {
    const [count, kinds, labels, dim] = observations.shape;
    const prompts = this.encode(texts, Pass.predicting);
    const encoded = this.promptEncoder!.apply(tf.reshape(observations, [count * kinds, labels, dim]), Pass.predicting);
    const [positive, negative] = unstack<tf.Tensor3D>(
      tf.transpose(tf.reshape(encoded, [count, kinds, labels, encoded.shape[2]]), [1, 0, 2, 3]),
    );
    const [positives, negatives] = [positive, negative].map((all) => unstack<tf.Tensor2D>(all));
    const split = this.split(this.featureMaps(inputs), prompts, Pass.predicting);
    const said = split.map(
      ({ embeddings }) =>
        tf.stack(
          positives.map((one, i) => this.compare(embeddings, { positive: one, negative: negatives[i] })),
          1,
        ) as tf.Tensor3D,
    );
    return this.weighed(said);
  }
}

/** The mean of some scores. */
function meanOf<T extends tf.Tensor>(tensors: readonly T[]): T {
  return tensors.length === 1 ? tensors[0] : tf.div<T>(tf.addN([...tensors]), tensors.length);
}
