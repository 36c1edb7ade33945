import { join } from 'node:path';
import { keepThresholds, writeModel, formatVersion, folderHash, thresholdOriginOf } from '@cxr-align/classifier';
import { countEdges, fitOutOfFold, parseEvaluation } from '@cxr-align/evaluation';
import { coverFiles, readJson, sha256, writeFileAtomic } from '@cxr-align/files';
import {
  coveredFiles,
  evaluator,
  identityInTable,
  isRunWhole,
  labelCounts,
  readEvaluatedRun,
  readEvaluationFile,
  readIdentity,
  readTrainedModel,
  trainingData,
  truthOf,
  writeEvaluatedRun,
  writeIdentity,
  writePredictions,
  writeValidation,
  type Config,
  type EvaluatedRun,
  type OpenedDataset,
  type Progress,
} from '@cxr-align/training';
import { foldFolder, labelledRows, type FoldPlan } from '../planned/fold-plan.js';
import { evaluateFolds } from './folds-evaluation.js';
import { foldsModel } from './folds-model.js';
import { readHeldOut, type HeldOutPredictions } from './out-of-fold.js';

/** A cross-validation whose folds are trained. */
export interface TrainedFolds {
  out: string;
  data: OpenedDataset;
  /** As it was wanted, with `validation` folds. */
  config: Config;
  plan: FoldPlan;
}

/** What a cross-validation has become, and whether anything of it was missing. */
export type FinishedFolds = EvaluatedRun & { isNew: boolean };

/**
 * Puts the folds together: `model/`, an ensemble of their models with what was fitted on out-of-fold predictions, and the evaluation of
 * those predictions. Where all of it is there already, it is read.
 */
export async function finishFolds(trained: TrainedFolds, progress: Progress): Promise<FinishedFolds> {
  const { out, data, config, plan } = trained;
  const known = isRunWhole(out) ? readIdentity(out) : undefined;
  if (known && JSON.stringify(known.config) === JSON.stringify(config))
    return { ...(await readEvaluatedRun(out)), dataset: data.dataset, isNew: false };
  const held = readHeldOut(out, plan, data);
  const { graph } = readTrainedModel(join(out, foldFolder({ repeat: 1, fold: 1 })));
  const { ensembleWeights } = config.encoder;
  const given = Array.isArray(ensembleWeights) ? ensembleWeights : held.names.map(() => 1 / held.names.length);
  const fitting = { config, graph, ...(ensembleWeights !== 'validation' && { weights: given }) };
  const fitted = fitOutOfFold(held.averaged, fitting);
  const stored = foldsModel(out, plan, { held, config, fitted });
  const ensemble = ensembleLine(held, fitted.weights, plan);
  progress.remark(ensemble);
  writeFileAtomic(join(out, 'config.json'), `${JSON.stringify(describeFolds(trained), null, 2)}\n`);
  const first = readIdentity(join(out, foldFolder({ repeat: 1, fold: 1 })))!;
  writeIdentity(out, { ...identityInTable(first, data.dataset, labelledRows(plan.foldOf[0])), config });
  keepThresholds(out, stored, progress);
  writeModel(out, stored);
  const { samples, averaged } = held;
  writeValidation(out, { labels: graph.labels, samples, targets: averaged.targets, probabilities: fitted.decided });
  const { evaluation, predictions, byRepeat } = evaluateFolds(held, {
    ...fitting,
    plan,
    data: data.dataset.name,
    identity: {
      ...evaluator(),
      engine: engineOf(out),
      model: folderHash(join(out, 'model')),
      data: hashOfFolds(held),
      thresholds: thresholdOriginOf(stored),
    },
  });
  byRepeat.forEach((one, i) => writePredictions(join(out, `repeat-${i + 1}`), one));
  const result: EvaluatedRun = {
    evaluation,
    predictions,
    cosines: {},
    sourceAttention: undefined,
    run: out,
    stored,
    dataset: data.dataset,
    split: 'out-of-fold',
    edges: { counts: countEdges(averaged.targets, graph), of: 'all folds' },
    remarks: [...data.remarks, ...plan.remarks, ensemble],
  };
  writeEvaluatedRun(out, result);
  coverFiles(out, coveredFiles);
  return { ...result, isNew: true };
}

/** The ensemble in a line. */
function ensembleLine({ names }: HeldOutPredictions, weights: readonly number[], { folds, repeats }: FoldPlan): string {
  const members = `the mean of ${folds * repeats} models`;
  if (names.length === 1) return `logit = ${members}`;
  return `logit = ${members}, each ${names.map((name, i) => `${weights[i].toFixed(2)} ${name}`).join(' + ')}, fitted on out-of-fold predictions`;
}

/** The content of `config.json`: what was wanted, on which data. */
function describeFolds({ out, data, config, plan }: TrainedFolds): object {
  const { dataset, path } = data;
  const first = readJson(join(out, foldFolder({ repeat: 1, fold: 1 }), 'config.json')) as {
    data: Record<string, unknown>;
    graph: object;
    engine: object;
    versions: object;
  };
  const { graph } = readTrainedModel(join(out, foldFolder({ repeat: 1, fold: 1 })));
  const { features, badRows, unreadableImages, trainCount, trainFraction } = first.data;
  const { folds, repeats, seed } = plan;
  return {
    formatVersion,
    config,
    data: {
      path,
      features,
      ...trainingData(dataset),
      labelCounts: labelCounts(dataset, graph.labels, truthOf(dataset, config, graph)),
      badRows,
      unreadableImages,
      trainCount,
      trainFraction,
      split: null,
    },
    folds: { folds, repeats, seed },
    graph: first.graph,
    engine: first.engine,
    versions: first.versions,
  };
}

/** What computed the predictions of the first fold. */
function engineOf(out: string): string | null {
  const run = join(out, foldFolder({ repeat: 1, fold: 1 }));
  return parseEvaluation(readEvaluationFile(run), join(run, 'evaluation.json')).identity?.engine ?? null;
}

/** What an evaluation of all folds is of: names, patients and targets of its images. */
function hashOfFolds({ labels, samples, averaged: { targets } }: HeldOutPredictions): string {
  return sha256(JSON.stringify([labels, samples.map(({ id, patient }) => [id, patient]), [...targets]]));
}
