import { readFileSync } from 'node:fs';
import { readNpy } from '@cxr-align/files';
import {
  confusionAtThreshold,
  averagePrecision,
  auroc,
  bootstrapP,
  bootstrapRanking,
  brierScore,
  chooseThreshold,
  clusterRows,
  coverageError,
  delong,
  expectedCalibrationError,
  hammingLoss,
  labelRankingAveragePrecision,
  logLoss,
  meanDefined,
  pairedDelong,
  percentileInterval,
  precisionRecallCurve,
  RankedScores,
  rankingLoss,
  rocCurve,
  subsetAccuracy,
} from '../src/index.js';

// Real logits of two networks on 2,000 NIH test images; expected values from scikit-learn and DeLong's formulas.
const file = (name: string): Uint8Array => readFileSync(new URL(`../../../tools/golden/nih/${name}`, import.meta.url));
const expected = JSON.parse(new TextDecoder().decode(file('expected.json')));
const { data: labels, shape } = readNpy(file('labels.npy'));
const patients = readNpy(file('patient.npy')).data;
const draws = readNpy(file('bootstrap_draws.npy'));
const [rows, count] = shape;
const column = (matrix: ArrayLike<number>, label: number): Float64Array =>
  Float64Array.from({ length: rows }, (_, row) => matrix[row * count + label]);
const labelCases: [string, number][] = expected.labels.map((label: string, i: number) => [label, i]);
const models = ['densenet121_seed0', 'resnet50_seed0'] as const;
const logits = new Map(models.map((model) => [model, readNpy(file(`logits_${model}.npy`)).data]));
const targetsOf = (label: number): Float64Array => column(labels, label);
const scoresOf = (model: (typeof models)[number], label: number): Float64Array => column(logits.get(model)!, label);
const close = (value: number, reference: number, tolerance = 1e-9): void =>
  expect(Math.abs(value - reference)).toBeLessThanOrEqual(tolerance);
const relative = (value: number, reference: number): void => close(value / reference, 1, 1e-6);

describe.each(models)('metrics of %s on NIH equal the reference', (model) => {
  it.each(labelCases)('%s', (_, i) => {
    const reference = expected.models[model].per_label[i];
    const targets = targetsOf(i);
    const scores = scoresOf(model, i);
    const probabilities = scores.map((z) => 1 / (1 + Math.exp(-z)));
    close(auroc(targets, scores), reference.auroc);
    close(averagePrecision(targets, scores), reference.average_precision);
    relative(delong(targets, scores).variance, reference.delong_var);
    close(brierScore(targets, probabilities), reference.brier);
    close(logLoss(targets, probabilities), reference.log_loss);
    close(expectedCalibrationError(targets, probabilities), reference.ece15);
    close(chooseThreshold(targets, scores, 'max-f1'), reference.best_f1.logit_threshold);
    const youden = chooseThreshold(targets, scores, 'youden');
    close(youden, reference.youden.logit_threshold);
    const counts = confusionAtThreshold(targets, scores, youden);
    expect(counts).toMatchObject({
      truePositives: reference.youden.tp,
      falsePositives: reference.youden.fp,
      trueNegatives: reference.youden.tn,
      falseNegatives: reference.youden.fn,
    });
    close(counts.sensitivity, reference.youden.sensitivity);
    close(counts.specificity, reference.youden.specificity);
    close(counts.f1, reference.youden.f1);
  });
  it('macro averages', () => {
    const overall = expected.models[model].overall;
    const each = Array.from({ length: count }, (_, i) => i);
    close(meanDefined(each.map((i) => auroc(targetsOf(i), scoresOf(model, i)))), overall.macro_auroc);
    close(
      meanDefined(each.map((i) => averagePrecision(targetsOf(i), scoresOf(model, i)))),
      overall.macro_average_precision,
    );
  });
  it('scores over all labels of a row, and over all entries together', () => {
    const overall = expected.models[model].overall;
    const scores = logits.get(model)!;
    const matrix = { targets: labels, scores, labels: count };
    close(coverageError(matrix), overall.coverage_error);
    close(rankingLoss(matrix), overall.ranking_loss);
    close(labelRankingAveragePrecision(matrix), overall.lrap);
    const some = overall.on_rows_with_a_positive;
    close(coverageError(matrix, { skipEmpty: true }), some.coverage_error);
    close(rankingLoss(matrix, { skipEmpty: true }), some.ranking_loss);
    close(labelRankingAveragePrecision(matrix, { skipEmpty: true }), some.lrap);
    const decisions = Array.from(scores, (z) => (z >= 0 ? 1 : 0));
    close(hammingLoss(labels, decisions), overall.hamming_loss);
    close(subsetAccuracy(labels, decisions, count), overall.exact_match);
    close(auroc(labels, scores), overall.micro_auroc);
    close(averagePrecision(labels, scores), overall.micro_average_precision);
    close(confusionAtThreshold(labels, scores, 0).f1, overall['micro_f1_at_0.5']);
    const probabilities = Array.from(scores, (z) => 1 / (1 + Math.exp(-z)));
    close(expectedCalibrationError(labels, probabilities), overall.pooled_ece15);
  });
});

describe('the comparison of two models on NIH equals the reference', () => {
  it.each(labelCases)('paired DeLong: %s', (_, i) => {
    const reference = expected.paired_delong.per_label[i];
    const test = pairedDelong(targetsOf(i), scoresOf(models[0], i), scoresOf(models[1], i));
    relative(test.covariance, reference.cov_ab);
    relative(test.varianceOfDifference, reference.var_diff);
    relative(test.z, reference.z);
    close(test.p, reference.p_two_sided, 1e-6);
  });
  it('bootstrap by patient with the given draws', () => {
    const reference = expected.cluster_bootstrap;
    const clusters = clusterRows(patients);
    expect(clusters.count).toBe(reference.patients);
    const [, perDraw] = draws.shape;
    const clustersOf = (draw: number) => draws.data.subarray(draw * perDraw, (draw + 1) * perDraw);
    const results = models.map((model) => {
      const ranked = expected.labels.map((_: string, i: number) => new RankedScores(targetsOf(i), scoresOf(model, i)));
      return bootstrapRanking(ranked, clusters, { resamples: reference.B, clustersOf }).auroc;
    });
    models.forEach((model, m) => {
      reference.macro_auroc_replicates_first10[model].forEach((value: number, b: number) =>
        close(results[m].macro[b], value),
      );
      percentileInterval(results[m].macro).forEach((bound, k) => close(bound, reference.macro_auroc_ci95[model][k]));
      results[m].byLabel.forEach((values, i) =>
        percentileInterval(values).forEach((bound, k) => close(bound, reference.per_label_ci95[model][i][k])),
      );
    });
    const differences = results[0].macro.map((value, b) => value - results[1].macro[b]);
    close(meanDefined([...differences]), reference.paired_macro_diff_a_minus_b.mean);
    close(bootstrapP(differences), reference.paired_macro_diff_a_minus_b.p_two_sided);
  });
});

describe('curves on NIH equal the reference', () => {
  const { model, label, roc, pr } = expected.curves;
  const i = expected.labels.indexOf(label);
  const same = (values: Float64Array, reference: number[]): void => {
    expect(values).toHaveLength(reference.length);
    reference.forEach((value, k) => close(values[k], value));
  };
  it('ROC', () => {
    const curve = rocCurve(targetsOf(i), scoresOf(model, i));
    same(curve.falsePositiveRate, roc.fpr);
    same(curve.truePositiveRate, roc.tpr);
    same(curve.threshold.subarray(1), roc.logit_threshold_from_2nd_point);
  });
  it('precision and recall', () => {
    const curve = precisionRecallCurve(targetsOf(i), scoresOf(model, i));
    same(curve.precision, pr.precision);
    same(curve.recall, pr.recall);
    same(curve.threshold, pr.logit_threshold);
  });
});
