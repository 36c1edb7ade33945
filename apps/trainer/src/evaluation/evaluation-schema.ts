import { z } from 'zod';
import { viewRules } from './study-predictions.js';

/** How well maps show where findings are. */
export type Localisation = NonNullable<Evaluation['localisation']>;
/** How well labels were told that were never trained. */
export type ZeroShotScores = NonNullable<Evaluation['zeroShot']>;
/** A number, or null where it is undefined. */
const maybe = z.number().nullable();
const interval = z.tuple([maybe, maybe]);
const count = z.number().int().min(0);

const subgroup = z.strictObject({
  images: count,
  positives: count,
  negatives: count,
  small: z.boolean().describe('Too few positives or negatives to be read; in no median, and never the worst'),
  auroc: maybe,
  truePositiveRate: maybe.describe('At the threshold that all groups share'),
  falsePositiveRate: maybe.describe('For No Finding: the rate of under-diagnosis'),
  gapToMedian: maybe.describe('True positive rate minus the median over the groups'),
  gapToMedianCi: interval,
  gapToRest: maybe.describe('True positive rate minus that of all images in other groups'),
  gapToRestCi: interval,
});

const fairness = z.strictObject({
  attribute: z.string().describe('sex, age, view, a column of --groups, or a product such as sex × age'),
  missing: count.describe('Images without the attribute: in no group and in no complement'),
  labels: z.record(
    z.string(),
    z.strictObject({
      groups: z.record(z.string(), subgroup),
      worst: z.string().nullable().describe('The group with the lowest true positive rate'),
      spread: maybe.describe('Largest minus smallest true positive rate'),
    }),
  ),
});

const agreement = z
  .strictObject({
    spearman: maybe.describe('Rank correlation over the pairs of labels'),
    mantel: maybe.describe('Pearson correlation over the pairs of labels'),
    mantelP: maybe.describe('One-sided, by shuffling the labels'),
    permutations: count,
  })
  .nullable();

const labelScores = z.strictObject({
  positives: count,
  negatives: count,
  auroc: maybe,
  aurocCi: interval.describe('95 %, percentiles of the bootstrap by patient'),
  aurocBca: interval.describe('The same, bias-corrected and accelerated'),
  aurocDelong: interval.describe('95 % by DeLong, images counted as independent'),
  partialAuroc: maybe.describe('Up to a false positive rate of 10 %, scaled so that chance is 0.5'),
  averagePrecision: maybe,
  averagePrecisionCi: interval,
  threshold: maybe,
  truePositives: count,
  falsePositives: count,
  trueNegatives: count,
  falseNegatives: count,
  sensitivity: maybe,
  specificity: maybe,
  precision: maybe.describe('Positive predictive value'),
  negativePredictiveValue: maybe,
  f1: maybe,
  brier: maybe,
  logLoss: maybe,
  ece: maybe.describe('15 bins of equal width'),
  adaptiveEce: maybe.describe('15 bins of equal size'),
  conformal: z
    .strictObject({
      alpha: z.number(),
      coveredPresent: maybe.describe('Share of present cases whose set holds "present"; 1 − alpha was promised'),
      coveredAbsent: maybe,
      undecided: maybe.describe('Share of cases whose set holds both'),
      empty: maybe.describe('Share of cases whose set holds neither'),
    })
    .nullable(),
});

const macroKeys = [
  'auroc',
  'partialAuroc',
  'averagePrecision',
  'sensitivity',
  'specificity',
  'precision',
  'negativePredictiveValue',
  'f1',
  'brier',
  'logLoss',
  'ece',
  'adaptiveEce',
] as const;
/** The scores that are averaged over labels. */
export type MacroKey = (typeof macroKeys)[number];
export const macroScores: readonly MacroKey[] = macroKeys;

const ranking = z.strictObject({ auroc: maybe, averagePrecision: maybe });
const retrieval = z.strictObject(
  Object.fromEntries(['R@1', 'R@5', 'R@10', 'P@1', 'P@5', 'P@10'].map((key) => [key, maybe])),
);
const longTail = z.strictObject({ labels: z.array(z.string()), auroc: maybe, averagePrecision: maybe });

/** The content of `evaluation.json`. */
export const evaluationSchema = z.strictObject({
  labels: z.record(z.string(), labelScores),
  macro: z.strictObject({
    ...(Object.fromEntries(macroKeys.map((key) => [key, maybe])) as Record<MacroKey, typeof maybe>),
    aurocCi: interval,
    aurocBca: interval,
    averagePrecisionCi: interval,
  }),
  micro: z.strictObject({ auroc: maybe, averagePrecision: maybe, f1: maybe }).describe('All known entries together'),
  weighted: ranking.describe('Means over labels, weighted by their positives'),
  longTail: z
    .strictObject({ head: longTail, medium: longTail, tail: longTail })
    .describe('Labels above 10 %, from 1 to 10 %, below 1 % of the training images (of these images without a run)'),
  images: z
    .strictObject({
      subsetAccuracy: maybe,
      hammingLoss: maybe,
      coverageError: maybe,
      rankingLoss: maybe,
      labelRankingAveragePrecision: maybe,
    })
    .describe('Scores over the labels of an image, and their mean'),
  retrieval: z
    .strictObject({ imageToLabel: retrieval, labelToImage: retrieval })
    .describe(
      'Images ask for their labels, labels for their images: R@k is the share of queries with a hit among the first k, P@k the share of hits among them',
    ),
  hierarchical: z
    .strictObject({ precision: maybe, recall: maybe, f1: maybe })
    .nullable()
    .describe('Over labels and what they imply; null without a hierarchy'),
  undefinedLabels: z.array(z.string()).describe('Labels with one class only: left out of the means'),
  samples: count,
  patients: count,
  data: z.string(),
  split: z.string(),
  views: z
    .enum(viewRules)
    .describe('image: each image on its own; else the images of a study together, and samples are studies'),
  calibration: z
    .string()
    .describe('How probabilities were calibrated on validation: none, temperature, platt, isotonic'),
  eceUncalibrated: maybe.describe('Macro ECE before calibration'),
  labelShift: z
    .strictObject({
      labels: z.record(
        z.string(),
        z.strictObject({
          prior: z.number().describe('Share of positives that the model was calibrated for'),
          estimated: maybe.describe(
            'Share that its probabilities on these images speak for; null if it cannot be told',
          ),
        }),
      ),
      before: z.strictObject({ brier: maybe, ece: maybe }).describe('Means over labels without the correction'),
    })
    .nullable()
    .describe(
      'Labels of the model whose probabilities were corrected for the prevalence of these images (--label-shift)',
    ),
  hierarchyViolations: maybe.describe(
    'Share of (sample, edge) pairs in which a child is more probable than its parent, before anything mends it; null without edges',
  ),
  labelViolations: maybe.describe(
    'Share of known (sample, edge) pairs in which a child is present and its parent absent; null without edges',
  ),
  graphAgreement: z
    .strictObject({ images: agreement, prompts: agreement })
    .describe('How well label embeddings follow the label graph; null where the model has none'),
  fairness: z.array(fairness),
  metadataBaseline: z
    .strictObject({
      features: z.array(z.string()).describe('What it knows of an image'),
      auroc: maybe.describe('Macro, over the labels that both have'),
      difference: maybe.describe('Macro AUROC of the model minus that of the baseline'),
      differenceCi: interval,
      p: maybe,
      beaten: z.boolean().nullable().describe('Whether these images support that the model is better'),
    })
    .nullable()
    .describe('A logistic regression on age, sex and view alone; null where none of them is known'),
  localisation: z
    .strictObject({
      boxes: z.string().describe('The table of boxes'),
      images: count.describe('Images with a box of a trained label'),
      kinds: z
        .record(
          z.string(),
          z.strictObject({
            pointing: maybe.describe('Share of maps whose largest value lies in a box; mean over labels'),
            pointingCi: interval,
            iou: maybe.describe('Intersection over union of the box read off the map with the nearest box'),
            iouCi: interval,
            inside: maybe.describe('Share of the map that lies in the boxes'),
            insideCi: interval,
            labels: z.record(z.string(), z.strictObject({ images: count, pointing: maybe, iou: maybe, inside: maybe })),
          }),
        )
        .describe('By kind of map: attention, similarity, gradient, occlusion, and the floors random and centre'),
    })
    .optional()
    .describe('Where in the picture (--localise)'),
  zeroShot: z
    .record(
      z.string(),
      z.strictObject({
        auroc: maybe,
        aurocCi: interval,
        promptAuroc: maybe.describe(
          'AUROC of what the prompts alone say; the told score is that times the label above',
        ),
        aboveChance: maybe.describe('p of an AUROC of 0.5, two-sided, from the bootstrap by patient'),
        parent: z.string().nullable().describe('The trained label above it; null without one'),
        parentAuroc: maybe.describe("AUROC of the parent's score for this label"),
        parentAurocCi: interval,
        difference: maybe.describe("Own AUROC minus that of the parent's score"),
        differenceCi: interval,
      }),
    )
    .optional()
    .describe('Labels that were never trained, told by their prompts alone'),
  mapping: z
    .strictObject({
      from: z.string(),
      to: z.string(),
      labels: z.record(
        z.string(),
        z.strictObject({
          from: z.array(z.strictObject({ label: z.string(), relation: z.enum(['same', 'narrower', 'broader']) })),
        }),
      ),
      unmapped: z.array(z.string()).describe('Labels of the data that the model cannot tell'),
      unused: z.array(z.string()).describe('Labels of the model that nothing was evaluated with'),
    })
    .optional()
    .describe('Where the data has other labels than the model'),
  intervals: z.string(),
});

/** The content of `evaluation.json`. */
export type Evaluation = z.infer<typeof evaluationSchema>;
/** The scores of one label. */
export type LabelEvaluation = z.infer<typeof labelScores>;
/** How the labels of a model were mapped to those of a data set. */
export type LabelMapping = NonNullable<Evaluation['mapping']>;
/** A number, or null where it is undefined. */
export type MaybeNumber = z.infer<typeof maybe>;
/** Low and high end. */
export type Interval = z.infer<typeof interval>;

/** The schema as JSON Schema, which `evaluate --schema` prints. */
export function evaluationJsonSchema(): object {
  return z.toJSONSchema(evaluationSchema);
}
