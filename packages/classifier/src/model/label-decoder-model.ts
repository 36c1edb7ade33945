import { labelPolicy } from '@cxr-align/datasets';
import {
  ClassificationHead,
  SimilarityHead,
  StandardizedFeatures,
  type ClassificationOutput,
  type ImageEncoder,
  type LabelEmbeddings,
} from '@cxr-align/image-backbone';
import { InputError } from '@cxr-align/files';
import { LayerNorm, Linear, ForwardContext, type Parameters, type Scope } from '@cxr-align/nn';
import { unstack } from '@cxr-align/tensor';
import { PromptEncoder, PromptMixture } from '@cxr-align/text-encoder';
import * as tf from '@tensorflow/tfjs-core';
import { ImageBranch, makeEncoder } from './image-branch.js';
import { LogitOffset } from './logit-offset.js';
import type { ModelConfig } from '../model-config.js';
import type { ModelBatch } from './model-inputs.js';
import type { ModelTexts } from '../texts/model-texts.js';
import type { BranchOutput, Model, ModelInput, ModelOutput } from './model.js';

/**
 * Image encoder, label decoder and heads: the aligned model, and without texts the vision-only one. On frozen features it is an
 * ensemble of up to three branches: the decoder on the features, a trained image encoder with a decoder of its own, and a linear
 * probe. The names of parameters (`splitter`, `stem`, `probe`, `stacking`) are keys of the random initial values.
 */
export class LabelDecoderModel implements Model {
  readonly similarity?: SimilarityHead;
  readonly features?: StandardizedFeatures;
  readonly ensembleWeights?: Model['ensembleWeights'];
  readonly branchNames: readonly string[];
  /** On the main input, and on the images beside frozen features. */
  private readonly branches: ImageBranch[];
  readonly logitOffset?: LogitOffset;
  private readonly probe?: Linear;
  private readonly probeNorm?: LayerNorm;
  private readonly promptEncoder?: PromptEncoder;
  private readonly mixture?: PromptMixture;
  private readonly heads: ClassificationHead[] = [];
  private readonly texts?: ModelTexts;
  readonly maps: NonNullable<Model['maps']>;
  readonly prompts?: Model['prompts'];
  readonly zeroShot?: Model['zeroShot'];

  constructor(config: ModelConfig, parameters: Parameters, { input, labels, texts }: ModelInput) {
    const { decoder, dropout, heads, prompts } = config;
    const { dim } = decoder;
    const encoder = parameters.scope('encoder');
    // Initial values are keyed by the name of their scope, which stays for the same random bits.
    const decoderScope = parameters.scope('splitter');
    const queries = texts ? undefined : labels;
    const branch = (of: ImageEncoder, scope: Scope): ImageBranch => new ImageBranch(config, of, scope, labels, queries);
    if (input.kind === 'features') {
      this.features = new StandardizedFeatures(encoder, input);
      this.branches = [branch(this.features, decoderScope)];
      if (input.images)
        this.branches.push(
          branch(makeEncoder(config, encoder.scope('stem'), input.images), decoderScope.scope('stem')),
        );
    } else {
      this.branches = [branch(makeEncoder(config, encoder, input), decoderScope)];
    }
    if (texts) {
      this.texts = texts;
      this.promptEncoder = new PromptEncoder(parameters.scope('prompts'), {
        textDim: texts.dim,
        dim,
        heads: decoder.heads,
        layers: config.promptLayers,
        dropout,
        ...(prompts.context > 0 && {
          soft: { contextLength: prompts.context, ...(prompts.contextPerLabel && { labels }) },
        }),
      });
      if (texts.sources) this.mixture = new PromptMixture(parameters.scope('prompts').scope('mixture'), { dim });
      this.similarity = new SimilarityHead(parameters.scope('similarity'));
      this.prompts = {
        encodePrompts: (other = texts) => this.encode(other, new ForwardContext({ training: false })),
        explain: (inputs, other, observations) => this.explain(inputs, other, observations),
      };
      if (decoder.kind === 'query') {
        this.zeroShot = {
          scorePrompts: (maps, other) => this.scorePrompts(maps, other),
          scorePromptsPerPatch: (map) => this.scorePromptsPerPatch(map, texts),
        };
      }
    }
    if (!texts || heads !== 'similarity') {
      const { classes } = labelPolicy(config.labelPolicy);
      const head = parameters.scope('head');
      this.heads = this.branches.map(
        (_, i) => new ClassificationHead(i === 0 ? head : head.scope('stem'), { dim, labels, dropout, classes }),
      );
    }
    if (this.features && config.encoder.probe) {
      const probe = parameters.scope('head').scope('probe');
      this.probe = new Linear(probe, this.features.dim, labels, { gain: 0.01 });
      if (config.headNorm) this.probeNorm = new LayerNorm(probe.scope('norm'), this.features.dim);
    }
    if (config.logitAdjustment > 0) this.logitOffset = new LogitOffset(parameters.scope('head'), labels);
    this.useSimilarity = texts !== undefined && heads !== 'classification';
    this.maps = {
      encode: (inputs) => this.encodeImages(inputs, new ForwardContext({ training: false })),
      predict: (maps) => this.score(maps, new ForwardContext({ training: false })),
    };
    this.branchNames = branchNames.slice(0, this.branches.length).concat(this.probe ? branchNames[2] : []);
    const { length: count } = this.branchNames;
    const { ensembleWeights: given } = config.encoder;
    if (Array.isArray(given)) this.refuseOtherCount(given.length);
    if (count > 1)
      this.ensembleWeights = parameters
        .scope('head')
        .addParameter<tf.Tensor1D>(
          'stacking',
          [count],
          Array.isArray(given) ? { values: given } : { constant: 1 / count },
          false,
        );
  }

  private readonly useSimilarity: boolean;

  /** @throws {InputError} if ensemble weights are given for another number of branches. */
  private refuseOtherCount(weights: number): void {
    const { branchNames } = this;
    if (weights !== branchNames.length)
      throw new InputError(
        `expected encoder.ensembleWeights to be one for each of ${branchNames.join(', ')}, got ${weights}; give ${branchNames.length}, or validation or equal`,
      );
  }

  forward(inputs: ModelBatch, context: ForwardContext): ModelOutput {
    return this.score(this.encodeImages(inputs, context), context);
  }

  private encodeImages({ main, images }: ModelBatch, context: ForwardContext): ModelBatch {
    const [first, second] = this.branches;
    return {
      main: first.encoder.forward(main, context),
      ...(second && { images: second.encoder.forward(images!, context) }),
    };
  }

  private score(maps: ModelBatch, context: ForwardContext): ModelOutput {
    const prompts = this.texts && this.encode(this.texts, context);
    const branches = this.decode(maps, prompts, context).map((decoded, i) =>
      this.scoreBranch(i, decoded, prompts, context),
    );
    if (this.probe) branches.push({ logits: this.offset(this.scoreProbe(tf.mean(maps.main, [1, 2]))) });
    return { logits: this.ensemble(branches.map(({ logits }) => logits)), branches, prompts };
  }

  private scoreProbe(pooled: tf.Tensor): tf.Tensor2D {
    return this.probe!.forward(this.probeNorm?.forward(pooled) ?? pooled) as tf.Tensor2D;
  }

  private offset(logits: tf.Tensor2D): tf.Tensor2D {
    return this.logitOffset?.forward(logits) ?? logits;
  }

  private scoreBranch(
    branch: number,
    { embeddings, attention }: LabelEmbeddings,
    prompts: ModelOutput['prompts'],
    context: ForwardContext,
  ): BranchOutput {
    const compared = this.texts && this.mix(embeddings, prompts!, this.texts);
    const heads: { name: 'classification' | 'similarity'; logits: tf.Tensor2D }[] = [];
    const head: ClassificationOutput | undefined = this.heads[branch]?.forward(embeddings, context);
    if (head) heads.push({ name: 'classification', logits: this.offset(head.logits) });
    if (this.useSimilarity)
      heads.push({
        name: 'similarity',
        logits: this.offset(this.compare(embeddings, compared?.prompts ?? prompts!)),
      });
    return {
      logits: meanOf(heads.map(({ logits }) => logits)),
      heads,
      classLogits: head?.classLogits,
      embeddings,
      attention,
      imagePrompts: compared?.prompts,
      sourceAttention: compared?.attention,
    };
  }

  /** The image's embedding for each label, of each branch. */
  private decode(
    { main, images }: ModelBatch,
    prompts: ModelOutput['prompts'],
    context: ForwardContext,
  ): LabelEmbeddings[] {
    return [main, ...(images ? [images] : [])].map((map, i) =>
      this.branches[i].decode(map, prompts?.positive, context),
    );
  }

  private encode(texts: ModelTexts, context: ForwardContext): NonNullable<ModelOutput['prompts']> {
    const frozen = texts.tokens ?? texts.chosen(context);
    const [positive, negative] = unstack<tf.Tensor2D>(this.promptEncoder!.forward(frozen, context));
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
    const mixed = this.mixture.forward(embeddings, this.promptEncoder!.project(sources), target);
    return { prompts: { positive: mixed.prompts[0], negative: mixed.prompts[1] }, attention: mixed.attention };
  }

  /** The weighted sum of the logits of all branches, or of the first ones with the same total weight. */
  private ensemble<T extends tf.Tensor>(logits: readonly T[]): T {
    if (logits.length === 1) return logits[0];
    const weights = tf.slice(this.ensembleWeights!, [0], [logits.length]);
    const scale = tf.div(tf.sum(this.ensembleWeights!), tf.sum(weights));
    const shares = tf.split(tf.mul(weights, scale), logits.length);
    return tf.addN(logits.map((one, i) => tf.mul<T>(one, shares[i])));
  }

  private compare(
    embeddings: tf.Tensor3D,
    { positive, negative }: { positive: tf.Tensor; negative?: tf.Tensor },
  ): tf.Tensor2D {
    return this.similarity!.forward(embeddings, positive, negative);
  }

  private scorePrompts(maps: ModelBatch, texts: ModelTexts): tf.Tensor2D {
    const prompts = this.encode(texts, new ForwardContext({ training: false }));
    const decoded = this.decode(maps, prompts, new ForwardContext({ training: false }));
    return this.ensemble(
      decoded.map(({ embeddings }) =>
        this.compare(embeddings, this.mix(embeddings, prompts, texts)?.prompts ?? prompts),
      ),
    );
  }

  private scorePromptsPerPatch(map: tf.Tensor4D, texts: ModelTexts): tf.Tensor3D {
    const prompts = this.encode(texts, new ForwardContext({ training: false }));
    const embeddings = this.branches[0].decodeEachPatch(map, prompts.positive);
    const compared = this.mix(embeddings, prompts, texts)?.prompts ?? prompts;
    const [batch, height, width] = map.shape;
    return tf.reshape(this.compare(embeddings, compared), [batch, height * width, prompts.positive.shape[0]]);
  }

  private explain(inputs: ModelBatch, texts: ModelTexts, observations: tf.Tensor4D): tf.Tensor3D {
    const [count, kinds, labels, dim] = observations.shape;
    const prompts = this.encode(texts, new ForwardContext({ training: false }));
    const encoded = this.promptEncoder!.forward(
      tf.reshape(observations, [count * kinds, labels, dim]),
      new ForwardContext({ training: false }),
    );
    const [positive, negative] = unstack<tf.Tensor3D>(
      tf.transpose(tf.reshape(encoded, [count, kinds, labels, encoded.shape[2]]), [1, 0, 2, 3]),
    );
    const [positives, negatives] = [positive, negative].map((all) => unstack<tf.Tensor2D>(all));
    const decoded = this.decode(this.maps.encode(inputs), prompts, new ForwardContext({ training: false }));
    const logits = decoded.map(
      ({ embeddings }) =>
        tf.stack(
          positives.map((one, i) => this.compare(embeddings, { positive: one, negative: negatives[i] })),
          1,
        ) as tf.Tensor3D,
    );
    return this.ensemble(logits);
  }
}

/** Branches on feature maps, then the linear probe. */
const branchNames = ['decoder', 'image encoder', 'linear probe'];

/** The mean of some scores. */
function meanOf<T extends tf.Tensor>(tensors: readonly T[]): T {
  return tensors.length === 1 ? tensors[0] : tf.div<T>(tf.addN([...tensors]), tensors.length);
}
