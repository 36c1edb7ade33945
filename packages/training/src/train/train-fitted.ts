import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildModel, headOfWeights, headWeights, type StoredModel } from '@cxr-align/classifier';
import { macroAuroc } from '@cxr-align/evaluation';
import { startedEngine, startEngine } from '@cxr-align/engine';
import { InputError, lockFolder, writeFileAtomic } from '@cxr-align/files';
import { heads, type FittedHead, type HeadOptions } from '@cxr-align/heads';
import { Parameters } from '@cxr-align/nn';
import type { Config } from '../config/config-schema.js';
import type { EvaluatedRun } from '../evaluate/evaluated-model.js';
import { readEvaluatedRun } from '../evaluate/evaluated-run-file.js';
import { readValidation } from '../evaluate/predictions-file.js';
import { progressOf } from '../events.js';
import { checkIdentity, hashOfIdentity, readIdentity, runIdentity, writeIdentity } from '../identity/run-identity.js';
import { countLabels } from '../loop/training-set.js';
import { withResources } from '../resources.js';
import { trainedRun, type TrainedRun } from '../run.js';
import { checkRunFolder, clearRunFolder, isRunWhole } from '../run-folder.js';
import { describeRun } from './describe-run.js';
import { finishRun } from './finish-run.js';
import { prepareTraining } from './prepare-training.js';
import type { TrainOptions } from './train-options.js';
import { chooseHead } from './choose-head.js';
import { headProblem, needsOf, storedFeatures } from './head-problem.js';
import { unreadKeys } from './unread-keys.js';

/**
 * Fits the head that a configuration names to stored features, in float64 and in one go, and writes a run folder as `train` does, but
 * for `history.jsonl` and checkpoints. The same seed gives the same bits, on whatever engine the run is evaluated; where none is
 * started, plain JavaScript evaluates it.
 *
 * @throws {InputError} if the data do not fit the configuration, or the folder holds a run.
 */
export async function trainFitted(options: TrainOptions): Promise<TrainedRun> {
  const began = Date.now();
  const { config, out: run, from, signal } = options;
  if (from !== undefined)
    throw new InputError(
      `expected no run to start from with model ${config.model}, got ${from}: its optimum does not depend on a start; leave it out`,
    );
  const engine = startedEngine() ?? (await startEngine('cpu'));
  const progress = progressOf(options);
  checkRunFolder(run, options);
  return withResources(async (resources) => {
    const lock = lockFolder(run, 'train');
    resources.defer(() => lock.release());
    checkRunFolder(run, options);
    const prepared = await prepareTraining(options, resources, progress);
    const { loaded, graph, training, targets } = prepared;
    storedFeatures(prepared);
    const unread = unreadKeys(config);
    if (unread.length > 0) prepared.remarks.push(`not read by model ${config.model}: ${unread.join(', ')}`);
    prepared.remarks.forEach((line) => progress.remark(line));
    const identity = runIdentity(options, prepared, engine);
    const finished = options.resume ? await finishedRun() : undefined;
    const summary = (
      result: Omit<EvaluatedRun, 'dataset'>,
      parameters: number,
      validation: number | null,
    ): TrainedRun =>
      trainedRun(
        { ...options.data, dataset: loaded.dataset },
        {
          ...result,
          dataset: loaded.dataset,
          isNew: !finished,
          bestEpoch: 0,
          validation,
          parameters,
          promptParameters: 0,
          seconds: (Date.now() - began) / 1000,
          dataWaitShare: 0,
        },
      );
    if (finished) {
      progress.remark('the run is finished and nothing of it is missing: there is nothing to do');
      return summary(finished, numbersOf(finished.stored), await validationAuroc());
    }
    if (options.resume) progress.remark('a run without epochs has no checkpoints: it is fitted from the start');
    clearRunFolder(run);
    writeIdentity(run, identity);
    const { problem, remarks } = await headProblem(options, prepared, needsOf(namesOf(config), config.head));
    remarks.forEach((line) => progress.remark(line));
    const bar = progress.start(`fitting ${config.model}`, 100);
    resources.defer(() => bar.stop());
    const wanted = {
      ...problem,
      onProgress: (share: number) => {
        signal?.throwIfAborted();
        bar.update(Math.round(100 * share));
      },
    };
    const head =
      config.model === 'auto'
        ? chooseHead(wanted, config.head as HeadOptions, config.head.candidates)
        : heads.get(config.model).fit(wanted, config.head as HeadOptions);
    bar.stop();
    const said = fitRemarks(head);
    said.forEach((line) => progress.remark(line));
    prepared.remarks.push(...remarks, ...said);
    const stored = { kind: head.kind, labels: head.labels, settings: head.settings };
    const weights = headWeights(head);
    const parameters = resources.own(new Parameters(config.seed, weights));
    const model = buildModel(config, parameters, {
      input: loaded.inputs.description,
      labels: graph.labels.length,
      // As it will be read again: the folder keeps float32.
      head: headOfWeights(stored, weights),
    });
    lock.assertHeld();
    writeFileAtomic(
      join(run, 'config.json'),
      `${JSON.stringify(describeRun(options, engine, { config, prepared }), null, 2)}\n`,
    );
    const counts = countLabels(targets, training, graph.labels.length);
    const result = await finishRun(
      { config, prepared, parameters, model, counts, head: stored },
      { run, lock, resources, progress, signal, keepsBranches: options.keepsBranches },
    );
    return summary(result, parameters.count(), await validationAuroc());

    /** What an earlier fit left, where nothing of it is missing. */
    async function finishedRun(): Promise<Omit<EvaluatedRun, 'dataset'> | undefined> {
      const then = readIdentity(run);
      if (then) {
        const nameOf = (row: number): string => options.data.dataset.samples[row].id;
        checkIdentity(run, identity, { known: hashOfIdentity(then), nameOf }).forEach((line) => progress.remark(line));
      }
      if (!then || !existsSync(join(run, 'evaluation.json')) || !isRunWhole(run)) return undefined;
      return readEvaluatedRun(run).catch(() => undefined);
    }

    async function validationAuroc(): Promise<number | null> {
      const kept = await readValidation(run);
      if (!kept) return null;
      const auroc = macroAuroc(
        Float32Array.from(kept.probabilities),
        kept.samples.map((_, i) => i),
        Float32Array.from(kept.targets),
        graph.labels.length,
      );
      return Number.isNaN(auroc) ? null : auroc;
    }
  });
}

/** The heads that a configuration may need. */
function namesOf({ model, head }: Config): readonly string[] {
  return model === 'auto' ? head.candidates : [model];
}

/** The numbers of a stored model. */
function numbersOf({ weights }: StoredModel): number {
  return [...weights.values()].reduce((sum, { data }) => sum + data.length, 0);
}

function fitRemarks({ kind, remarks, arrays }: FittedHead): string[] {
  const numbers = [...arrays.values()].reduce((sum, { data }) => sum + data.length, 0);
  return [`${kind}: ${numbers} numbers, fitted to the optimum without epochs`, ...remarks];
}
