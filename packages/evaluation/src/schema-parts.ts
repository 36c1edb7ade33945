import { z } from 'zod';

/** A number, or null where it is undefined. */
export const maybe = z.number().nullable();
export const interval = z.tuple([maybe, maybe]);
export const count = z.number().int().min(0);

/** An AUROC over several sets of predictions of the same images. */
export const repeated = z
  .strictObject({
    byRepeat: z.array(maybe),
    mean: maybe,
    sd: maybe.describe('Sample standard deviation over the repeats; null for one'),
    ci: interval.describe('95 % interval of the mean: patients and repeats resampled together'),
  })
  .describe('AUROC of each repeat, and their mean');

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

export const fairness = z.strictObject({
  attribute: z.string().describe('sex, age, view, a column of the table of groups, or a product such as sex × age'),
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

export const agreement = z
  .strictObject({
    spearman: maybe.describe('Rank correlation over the pairs of labels'),
    mantel: maybe.describe('Pearson correlation over the pairs of labels'),
    mantelP: maybe.describe('One-sided, by shuffling the labels'),
    permutations: count,
  })
  .nullable();

const operatingPoint = z.strictObject({
  rule: z.string().describe('How the threshold was chosen on validation; given: by whoever asked'),
  threshold: maybe,
  sensitivity: maybe,
  sensitivityCi: interval.describe('95 % by Wilson, patients as clusters'),
  specificity: maybe,
  specificityCi: interval,
  prevalence: maybe.describe('Share of images with the label that the following hold for'),
  precision: maybe.describe('Positive predictive value'),
  precisionCi: interval.describe('95 % by the logit method, the prevalence as known'),
  negativePredictiveValue: maybe,
  negativePredictiveValueCi: interval,
  likelihoodRatioPositive: maybe,
  likelihoodRatioNegative: maybe,
  alarmsPer100: maybe.describe('Positive calls among 100 images'),
  numberNeededToRead: maybe.describe('Positive calls for each that is right'),
  netBenefit: maybe
    .optional()
    .describe(
      'Share of true calls less that of false ones, each of which counts t / (1 − t) at threshold t; absent in evaluations of earlier versions',
    ),
  netBenefitOfAll: maybe.optional().describe('The same had every image been called; that of calling none is 0'),
});

/** The verdict on a label. */
export const verdicts = ['works', 'weak', 'at chance', 'worse than age, sex and view alone', 'too few'] as const;

/** Whether a label has enough cases for its scores to be read. */
export const reliabilities = ['enough', 'few', 'too few'] as const;

export const labelScores = z.strictObject({
  positives: count,
  negatives: count,
  reliability: z
    .enum(reliabilities)
    .describe('too few: fewer than 10 positives or negatives, so that scores are unreliable; few: fewer than 20'),
  verdict: z.enum(verdicts).describe('By the rules of verdictRule, on intervals'),
  auroc: maybe,
  aurocCi: interval.describe(
    '95 %, percentiles of the bootstrap by patient; with too few cases a wide one that resamples cannot narrow (Wilson, as many independent cases as the rarer class has)',
  ),
  aurocBca: interval.describe('The same, bias-corrected and accelerated'),
  aurocDelong: interval.describe('95 % by DeLong, images counted as independent'),
  partialAuroc: maybe.describe('Up to a false positive rate of 10 %, scaled so that chance is 0.5'),
  averagePrecision: maybe,
  averagePrecisionCi: interval.describe('Null with too few cases'),
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
  operatingPoints: z
    .array(operatingPoint)
    .describe('What thresholds mean for this label alone: first the one that decides, then those of other rules'),
});
