import { labelPolicies, noFindingRules } from '@cxr-align/datasets';
import { calibrationKinds } from '@cxr-align/metrics';
import { scheduleNames } from '@cxr-align/nn';
import { z } from 'zod';
import { headSchema } from './head-schema.js';
import { classificationLosses } from '../registry/classification-losses.js';
import { weightings } from '../registry/weightings.js';
import { modelConfigShape, registeredName } from '@cxr-align/classifier';

const share = z.number().min(0).max(1);
const weight = z.number().min(0).finite();
const count = z.number().int().min(1);
const policyNames = Object.keys(labelPolicies) as [string, ...string[]];

/** The parts of a model: what its learning rates and freezing name. */
export const parts = ['encoder', 'decoder', 'prompts', 'heads'] as const;
export type Part = (typeof parts)[number];

const unlabelled = z.strictObject({
  split: z
    .enum(['none', 'train', 'val', 'test'])
    .default('none')
    .describe(
      'Images without labels from the data itself: train: the training images that were left out or have no label; val, test: those splits, without their labels',
    ),
  weight: weight.default(1).describe('Weight of the loss on pseudo-labels of images without labels'),
  rampUp: z
    .number()
    .int()
    .min(0)
    .default(5)
    .describe('Epochs over which that weight rises linearly from 0; 0 = at once'),
  ratio: z.number().positive().max(64).default(2).describe('Images without labels for each labelled one of a batch'),
  thresholds: z
    .enum(['adaptive', 'fixed'])
    .default('adaptive')
    .describe(
      "Which predictions of the teacher become pseudo-labels; adaptive: the share of each label's expected positives and negatives that it is surest of; fixed: probabilities beyond unlabelled.positive and unlabelled.negative",
    ),
  share: z
    .number()
    .gt(0)
    .max(1)
    .default(0.5)
    .describe('adaptive: share of the images that should have a label (or lack it) by its prevalence in training'),
  positive: z.number().gt(0).lt(1).default(0.9).describe('fixed: least probability of a positive pseudo-label'),
  negative: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.95)
    .describe('fixed: least probability of absence of a negative pseudo-label'),
});

/** Every key of a configuration, with its default and description. */
export const configSchema = z.strictObject({
  model: modelConfigShape.model,
  seed: modelConfigShape.seed,
  epochs: count.default(24).describe('Number of epochs'),
  batchSize: z.number().int().min(2).default(32).describe('Images in a training step'),
  learningRate: z.number().positive().default(2e-3).describe('Peak learning rate'),
  weightDecay: weight.default(0.02).describe('Decoupled weight decay (AdamW) of matrices and filters'),
  maxGradientNorm: z
    .number()
    .positive()
    .default(1)
    .describe('Maximum global gradient norm; longer gradients are clipped'),
  maxBadSteps: z
    .number()
    .int()
    .min(0)
    .default(10)
    .describe(
      'Training steps with a loss or gradients of NaN or infinity that are skipped; one more ends the run at its last good checkpoint',
    ),
  schedule: z.enum(scheduleNames).default('warmup-cosine').describe('Learning rate schedule'),
  warmup: share.default(0.1).describe('Share of the steps in which the learning rate rises linearly from 0'),
  learningRates: z
    .strictObject(
      Object.fromEntries(
        parts.map((part) => [
          part,
          weight.default(1).describe(`Learning rate multiplier of the ${part}; 0 freezes it`),
        ]),
      ) as Record<Part, z.ZodDefault<z.ZodNumber>>,
    )
    .prefault({}),
  alignEpochs: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe(
      'Number of first epochs without the classification loss, which only align image and text (two-phase training)',
    ),
  freeze: z
    .strictObject({
      parts: z.array(z.enum(parts)).default([]).describe('Frozen parts of the model'),
      from: z.number().int().min(0).default(0).describe('First epoch in which they are frozen, counted from 0'),
      epochs: z.number().int().min(0).default(0).describe('Number of epochs in which they are frozen; 0 = to the end'),
    })
    .prefault({}),
  accumulation: count
    .default(1)
    .describe('Gradient accumulation: batches whose gradients are averaged before an optimizer step'),
  patience: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('Early stopping: epochs without a better validation AUROC after which training ends; 0 = off'),
  validation: z
    .enum(['split', 'none', 'folds'])
    .default('split')
    .describe(
      'What chooses the epoch, thresholds, calibration and ensemble weights; split: the validation split, drawn by patient where the data have none; none: nothing, the last epoch is kept, thresholds are 0.5; folds: out-of-fold predictions of a cross-validation, which sets it',
    ),
  sampling: z
    .enum(['uniform', 'balanced'])
    .default('uniform')
    .describe(
      'Which images an epoch has: uniform: each once; balanced: as many, drawn so that rare labels, and within a label rare combinations, come more often',
    ),
  mixup: z
    .number()
    .min(0)
    .max(2)
    .default(0)
    .describe(
      'Mixup of pairs of inputs (features or pixels) in a batch: alpha of the Beta(alpha, alpha) that draws their shares; 0 = off',
    ),
  unlabelled: unlabelled.prefault({}),
  weightAveraging: z
    .number()
    .min(0)
    .max(1)
    .default(0.995)
    .describe(
      'Decay of the exponential moving average of the weights, which is evaluated; 0 evaluates the weights themselves',
    ),
  image: modelConfigShape.image,
  augmentation: modelConfigShape.augmentation,
  encoder: modelConfigShape.encoder,
  decoder: modelConfigShape.decoder,
  promptLayers: modelConfigShape.promptLayers,
  dropout: modelConfigShape.dropout,
  heads: modelConfigShape.heads,
  headNorm: modelConfigShape.headNorm,
  logitAdjustment: modelConfigShape.logitAdjustment,
  head: headSchema,
  prompts: modelConfigShape.prompts,
  holdOut: z
    .array(z.string())
    .default([])
    .describe('Labels excluded from training and scored by their prompts alone (zero-shot)'),
  losses: z
    .strictObject({
      classification: weight.default(1).describe('Weight of the classification loss'),
      contrastive: weight
        .default(1)
        .describe('Weight of the contrastive loss, the label-conditioned alignment of image and prompt; 0 = off'),
      orthogonal: weight
        .default(0.1)
        .describe('Weight of the orthogonal loss between prompt embeddings, relaxed by the label graph; 0 = off'),
      graph: weight.default(0.1).describe('Weight of the graph alignment loss; 0 = off'),
    })
    .prefault({}),
  classificationLoss: registeredName(classificationLosses)
    .default('bce')
    .describe(
      'Classification loss; max-constraint takes the label graph into account, distribution-balanced the label counts',
    ),
  weighting: registeredName(weightings)
    .default('fixed')
    .describe(
      'Multitask weighting of the losses, on top of their weights; gradnorm and pcgrad cost a backward pass for each loss and step',
    ),
  weightingTemperature: z
    .number()
    .min(0)
    .default(0)
    .describe('Temperature of the weightings task-difficulty and dynamic; 0 = that of the papers, 1 and 2'),
  logGradientCosines: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe("Steps between two records of the cosines between the losses' gradients in gradients.jsonl; 0 = never"),
  positiveWeight: z
    .enum(['none', 'balanced'])
    .default('none')
    .describe('Weight of positive targets; balanced: negatives / positives of the label, at most 10'),
  labelPolicy: modelConfigShape.labelPolicy,
  labelPolicyByLabel: z
    .record(z.string(), z.enum(policyNames))
    .default({})
    .describe('Label policies of single labels: { "Edema": "u-ones" }'),
  noFinding: z
    .enum(['policy', ...noFindingRules])
    .default('policy')
    .describe(
      'Rule for No Finding: that of the label policy, its own column, exclusive (absent if a finding is present), or derived from the other labels',
    ),
  teacher: z
    .string()
    .default('')
    .describe('Run folder of the teacher, whose probabilities replace uncertain labels with the policy u-self-trained'),
  propagateToAncestors: z
    .boolean()
    .default(false)
    .describe(
      'Propagate training labels to their ancestors in the label graph first: a present label makes its ancestors present, an absent one its descendants absent',
    ),
  enforceHierarchy: modelConfigShape.enforceHierarchy,
  graph: z
    .string()
    .default('auto')
    .describe(
      'Label graph: a label set, a JSON, YAML, GEXF or GraphML file, or auto (from the data, else the set with these labels, else flat)',
    ),
  graphTarget: z
    .enum(['wu-palmer', 'path', 'reference', 'lin', 'conditional', 'phi', 'pmi', 'jaccard'])
    .default('wu-palmer')
    .describe(
      "Similarity of labels that the embeddings follow: in the hierarchy, the first implementation's, or counted in the training set",
    ),
  graphCounted: z
    .enum(['phi', 'lin', 'conditional', 'pmi', 'jaccard'])
    .default('phi')
    .describe('Counted similarity that graphCountedShare blends into the target'),
  graphCountedShare: share
    .default(0)
    .describe('Share of the counted similarity in the target, both scaled to [0, 1]; 0 = graphTarget alone'),
  threshold: z
    .union([
      z.enum(['youden', 'max-f1']),
      z.strictObject({ sensitivity: z.number().gt(0).max(1) }),
      z.strictObject({ specificity: z.number().gt(0).max(1) }),
      z.strictObject({ precision: z.number().gt(0).max(1) }),
    ])
    .default('youden')
    .describe(
      'How the threshold of each label is fitted on validation: youden, max-f1, {"sensitivity": 0.9}, {"specificity": 0.9} or {"precision": 0.8}',
    ),
  calibration: z
    .enum(['none', ...calibrationKinds])
    .default('none')
    .describe('Calibration of each label, fitted on validation'),
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
    .describe('Images with the largest errors that the report shows; 0 by default, since they are of patients'),
  stepCapture: z
    .enum(['auto', 'xla', 'replay', 'off'])
    .default('auto')
    .describe(
      'How TensorFlow computes a training step that it has captured; replay: as one function, with the same bits; xla: compiled, within a tolerance; auto: xla on cuda, replay on native; off: operation by operation',
    ),
  precision: z
    .enum(['float32', 'tf32', 'bf16'])
    .default('float32')
    .describe(
      'Products of the model in training steps: float32; tf32, on NVIDIA GPUs of compute capability 8.0 and newer; bf16: inputs and results rounded to bfloat16, on native and cuda; weights, optimiser, losses, norms and predictions are float32 throughout',
    ),
  bootstrap: z
    .number()
    .int()
    .min(0)
    .max(100_000)
    .default(1000)
    .describe('Bootstrap resamples of patients for the intervals; 0 = no intervals'),
});

/** A complete configuration. */
export type Config = z.infer<typeof configSchema>;
