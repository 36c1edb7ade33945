import {
  type FeatureInput,
  keepThresholds,
  ModelTexts,
  predictBranches,
  predictLogits,
  writeModel,
  type StoredModel,
} from '@cxr-align/classifier';
import { countEdges, fitMetadataBaseline, fitOnValidation, notFitted, type Predictions } from '@cxr-align/evaluation';
import { coverFiles, type FolderLock } from '@cxr-align/files';
import type { Config } from '../config/config-schema.js';
import { evaluateSplit } from '../evaluate/evaluate-split.js';
import { evaluationIdentity } from '../evaluate/evaluation-identity.js';
import type { EvaluatedRun } from '../evaluate/evaluated-model.js';
import { writeEvaluatedRun } from '../evaluate/evaluated-run-file.js';
import { writeBranches } from '../evaluate/branches-file.js';
import { writeValidation } from '../evaluate/predictions-file.js';
import { optimisticSplits } from '../evaluate/trained-on.js';
import { samplesIn } from '../inputs/prepare-data.js';
import { ensembleRemark } from '../loop/ensemble-logits.js';
import type { Progress } from '../progress.js';
import type { Resources } from '../resources.js';
import { coveredFiles } from '../run-folder.js';
import { breathe } from '../stop-signals.js';
import { tunedPrefix, writeTunedEncoder } from './tuned-encoder.js';
import { refuseNonFiniteValidation, rowsOf, type Session } from './session.js';

/** A model with its final weights, whether they were trained in epochs or fitted in one go. */
export type TrainedModel = Pick<Session, 'config' | 'prepared' | 'parameters' | 'model' | 'counts' | 'start'> &
  Pick<StoredModel, 'head'>;

/** Where the results of a training go. */
export interface FinishContext {
  run: string;
  lock: FolderLock;
  resources: Resources;
  progress: Progress;
  signal?: AbortSignal;
  /** Keeps the logits of each branch on the evaluated split. */
  keepsBranches?: boolean;
}

/** Fits on validation what is fitted there, evaluates the model, and writes all that a finished run has. */
export async function finishRun(
  trained: TrainedModel,
  { run, lock, resources, progress, signal, keepsBranches = false }: FinishContext,
): Promise<EvaluatedRun> {
  const { prepared } = trained;
  const { stored, ensemble, validation } = await fitStoredModel(trained, run, signal);
  if (ensemble) progress.remark(ensemble);
  keepThresholds(run, stored, progress);
  writeModel(run, stored);
  if (validation) writeValidation(run, validation);
  if (keepsBranches) await keepBranches(run, trained, signal);
  const evaluated = await evaluateTrained(trained, stored, { run, resources, progress });
  const result: EvaluatedRun = {
    ...evaluated,
    run,
    stored,
    dataset: prepared.loaded.dataset,
    split: prepared.split,
    edges: { counts: countEdges(prepared.truth, prepared.graph), of: 'all splits' },
    remarks: [...prepared.remarks, ...(ensemble ? [ensemble] : [])],
  };
  lock.assertHeld();
  writeEvaluatedRun(run, result);
  coverFiles(run, coveredFiles);
  return result;
}

/** The weights of the best epoch, with what is fitted on validation beside them, where there is one. */
async function fitStoredModel(
  { config, prepared, parameters, model, counts, head }: TrainedModel,
  run: string,
  signal?: AbortSignal,
): Promise<{ stored: StoredModel<Config>; ensemble?: string; validation?: Predictions }> {
  const { graph, training, validation, targets, truth, texts, zeroShot, knowledge, dataset, loaded } = prepared;
  const labels = graph.labels.length;
  const { decided, ...fitted } = await fitValidation();
  return {
    validation: decided,
    ensemble: await ensembleRemark(model, config.encoder.ensembleWeights === 'validation' && validation.length > 0),
    stored: {
      weights: new Map([...(await parameters.values())].filter(([name]) => !name.startsWith(tunedPrefix))),
      texts,
      target: { shape: [labels, labels], data: knowledge.similarity },
      config,
      head,
      input: loaded.encoder
        ? await writeTunedEncoder(run, loaded.encoder, loaded.inputs.description as FeatureInput)
        : loaded.inputs.description,
      graph,
      zeroShot,
      ...fitted,
      prevalence: counts.positives.map((count) => count / Math.max(1, training.length)),
      metadata: fitMetadataBaseline(
        training.map((sample) => dataset.samples[sample]),
        rowsOf(targets, training, labels),
        labels,
      ),
    },
  };

  async function fitValidation(): Promise<
    Pick<StoredModel, 'calibrations' | 'thresholds'> & { decided?: Predictions }
  > {
    if (validation.length === 0) return notFitted(graph);
    const logits = await predictLogits(model, loaded.inputs, validation, {
      onImages: async () => {
        await breathe();
        signal?.throwIfAborted();
      },
    });
    refuseNonFiniteValidation(logits, { samples: validation, prepared });
    const known = rowsOf(truth, validation, labels);
    const { decided, ...rest } = fitOnValidation(config, graph, known, logits);
    const samples = validation.map((sample) => dataset.samples[sample]);
    return { ...rest, decided: { labels: graph.labels, samples, targets: known, probabilities: decided } };
  }
}

/** Writes the logits of each branch on the split that is evaluated. */
async function keepBranches(run: string, { prepared, model }: TrainedModel, signal?: AbortSignal): Promise<void> {
  const { dataset, graph, truth, loaded, split } = prepared;
  const samples = samplesIn(dataset, split);
  const logits = await predictBranches(model, loaded.inputs, samples, {
    onImages: async () => {
      await breathe();
      signal?.throwIfAborted();
    },
  });
  writeBranches(run, {
    labels: graph.labels,
    samples: samples.map((sample) => dataset.samples[sample].id),
    targets: rowsOf(truth, samples, graph.labels.length),
    names: model.branchNames ?? ['model'],
    logits,
  });
}

/** Evaluates the trained model; labels that were held out are scored, too. */
async function evaluateTrained(
  { prepared, model, start }: TrainedModel,
  stored: StoredModel<Config>,
  { run, resources, progress }: Pick<FinishContext, 'run' | 'resources' | 'progress'>,
) {
  const { zeroShot, texts, loaded, split, wholeGraph } = prepared;
  const zeroShotLabels = zeroShot && texts && { graph: zeroShot, texts: resources.own(new ModelTexts(texts)) };
  const optimistic = split === 'val' && prepared.validation.length === 0 ? undefined : optimisticSplits[split];
  return evaluateSplit({ model, stored, zeroShot: zeroShotLabels }, loaded, {
    split,
    graph: wholeGraph,
    remarks: [...(optimistic === undefined ? [] : [optimistic]), ...(start?.optimistic ?? [])],
    identity: evaluationIdentity(run, stored),
    progress,
  });
}
