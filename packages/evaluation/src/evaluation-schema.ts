import { z } from 'zod';
import { agreement, count, fairness, interval, labelScores, maybe, repeated } from './schema-parts.js';
import { viewRules } from './study-predictions.js';

/** How well maps show where findings are. */
export type Localisation = NonNullable<Evaluation['localisation']>;
/** How well labels were predicted that were never trained. */
export type ZeroShotScores = NonNullable<Evaluation['zeroShot']>;
/** The scores that are averaged over labels. */
export const macroKeys = [
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
/** One of {@link macroKeys}. */
export type MacroKey = (typeof macroKeys)[number];

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
      'Images as queries for their labels, labels for their images: R@k is the share of queries with a hit among the first k, P@k the share of hits among them',
    ),
  hierarchical: z
    .strictObject({ precision: maybe, recall: maybe, f1: maybe })
    .nullable()
    .describe('Over labels and what they imply; null without a hierarchy'),
  undefinedLabels: z.array(z.string()).describe('Labels with one class only: excluded from the means'),
  samples: count,
  patients: count,
  data: z.string(),
  dataSha256: z
    .string()
    .optional()
    .describe('Hash of the names, patients, labels and contents of the images that a model was evaluated on'),
  identity: z
    .strictObject({
      version: z.string().describe('The package that evaluated, and its version'),
      model: z
        .string()
        .nullable()
        .describe('SHA-256 of the model folder, as predictions name it; null without a model'),
      data: z.string().nullable().describe('dataSha256; null where the data are not known'),
      engine: z.string().nullable().describe('What computed; null where nothing was'),
      thresholds: z.string().describe('Where the thresholds are from'),
    })
    .optional()
    .describe('What was evaluated by what; absent in evaluations of earlier versions'),
  folds: z
    .strictObject({
      folds: count.describe(
        'Folds of patients: each image is predicted by the models that were not trained on its fold',
      ),
      repeats: count.describe('Times that the folds were drawn; the predictions of an image are averaged over them'),
      macro: repeated,
      labels: z.record(z.string(), repeated),
      withinFolds: maybe.describe('Macro AUROC inside each fold, averaged over folds and repeats'),
      method: z.string(),
    })
    .optional()
    .describe(
      'How the predictions of a cross-validation came about, and how much they vary; absent of other evaluations',
    ),
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
            'Share that its probabilities on these images estimate; null if it cannot be estimated',
          ),
        }),
      ),
      before: z.strictObject({ brier: maybe, ece: maybe }).describe('Means over labels without the correction'),
    })
    .nullable()
    .describe(
      'Labels of the model whose probabilities were corrected for the prevalence of these images (label shift)',
    ),
  hierarchyViolations: maybe.describe(
    'Share of (sample, edge) pairs in which a child is more probable than its parent, before the hierarchy is enforced; null without edges',
  ),
  labelViolations: maybe.describe(
    'Share of known (sample, edge) pairs in which a child is present and its parent absent; null without edges',
  ),
  decisions: z
    .strictObject({
      rule: z.string(),
      changed: z
        .record(
          z.string(),
          z.strictObject({
            toPositive: count.describe('Samples that a label below made positive'),
            toNegative: count.describe('Samples of No Finding that a finding made negative'),
            sensitivityAlone: maybe.describe('Had the label been decided by its own probability alone'),
            specificityAlone: maybe,
          }),
        )
        .describe('Labels whose decisions the hierarchy changed'),
    })
    .nullable()
    .describe('How decisions follow the label graph, and what that costs; null where each label was decided alone'),
  graphAgreement: z
    .strictObject({ images: agreement, prompts: agreement })
    .describe('How well label embeddings follow the label graph; null where the model has none'),
  filmsPerDay: z
    .number()
    .positive()
    .optional()
    .describe('Images a day where the model will be used, where that was given'),
  fairness: z.array(fairness),
  metadataBaseline: z
    .strictObject({
      features: z.array(z.string()).describe('The attributes that it uses'),
      auroc: maybe.describe('Macro, over the labels that both have'),
      difference: maybe.describe('Macro AUROC of the model minus that of the baseline'),
      differenceCi: interval,
      p: maybe,
      labels: z
        .record(z.string(), z.strictObject({ auroc: maybe, difference: maybe, differenceCi: interval }))
        .describe('The same by label'),
      outperformsBaseline: z.boolean().nullable().describe('Whether the interval of the difference lies above 0'),
    })
    .nullable()
    .describe('A logistic regression on age, sex and view alone; null where none of them is known'),
  localisation: z
    .strictObject({
      boxes: z.string().describe('The table of boxes'),
      images: count.describe('Images with a box of a trained label'),
      weights: z.string().optional().describe('SHA-256 of the weights that the maps were made by'),
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
            labels: z.record(
              z.string(),
              z.strictObject({
                images: count,
                pointing: maybe,
                onlyMap: count
                  .optional()
                  .describe('Images in which this map points into a box and a centre map does not'),
                onlyCentre: count.optional().describe('The other way round'),
                iou: maybe,
                inside: maybe,
              }),
            ),
          }),
        )
        .describe('By kind of map: attention, similarity, gradient, occlusion, and the floors random and centre'),
    })
    .optional()
    .describe('Where in the picture (localisation)'),
  zeroShot: z
    .record(
      z.string(),
      z.strictObject({
        auroc: maybe,
        aurocCi: interval,
        promptAuroc: maybe.describe(
          'AUROC of the probabilities by the prompts alone; the score is that times the probability of the parent',
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
    .describe('Zero-shot labels: never trained, predicted by their prompts'),
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
      unmapped: z.array(z.string()).describe('Labels of the data that the model cannot predict'),
      unused: z.array(z.string()).describe('Labels of the model that nothing was evaluated with'),
    })
    .optional()
    .describe('Where the data has other labels than the model'),
  intervals: z.string(),
  remarks: z.array(z.string()).describe('What was assumed about the input, and what to mind in reading the scores'),
});

/** The content of `evaluation.json`. */
export type Evaluation = z.infer<typeof evaluationSchema>;
/** What was evaluated by what. */
export type EvaluationIdentity = NonNullable<Evaluation['identity']>;
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
