import { InputError } from '@cxr-align/files';
import type { Evaluation } from '@cxr-align/evaluation';
import type { KnownTargets } from '@cxr-align/evaluation/score-files';
import { datasetTargets, openDataset, refuseRunFolder } from '@cxr-align/training';
import { openOptions } from './command.js';
import { refuseRunFlags, type Flags } from './evaluate-flags.js';
import { type EvaluatedModels, evaluateScoreModels } from './evaluate-scores.js';
import { prevalencesOf } from '../usage/prevalence-flag.js';

/** Evaluates scores of another program, with targets beside them or from a data set. */
export async function evaluateTable(args: Flags): Promise<Evaluation | EvaluatedModels> {
  const { scores, targets, labels, patients, samples, groups, thresholds, out, png, data } = args;
  refuseRunFlags(args);
  if (out !== undefined) refuseRunFolder(out);
  const isTable = !/\.npy$/i.test(scores!);
  if (!isTable && data === undefined && (targets === undefined || labels === undefined))
    throw new InputError('expected --targets F and --labels F beside --scores in .npy, got one of them or none');
  const columns = scoreColumnsOf(args.column);
  const known = data === undefined ? undefined : await targetsOf(data, args);
  return evaluateScoreModels({
    sources: {
      ...{ scores: scores!, targets, labels, patients, samples, groups, known },
      ...(isTable && { columns, split: data === undefined ? args.split : undefined }),
    },
    thresholds,
    options: {
      scoresAre: args.scoresAre,
      ...(args.resamples !== undefined && { resamples: args.resamples }),
      prevalenceInUse: prevalencesOf(args.prevalence),
      filmsPerDay: args.filmsPerDay,
    },
    bootstrapThreads: args.bootstrapThreads,
    ...{ out, png },
  });
}

/** The targets of a data set, for scores by its sample names. */
async function targetsOf(data: string, args: Flags): Promise<KnownTargets> {
  return datasetTargets(await openDataset(data, openOptions({ ...args, column: undefined })), {
    split: args.split,
    graph: args.graph,
  });
}

/** The columns of a table of scores that `--column role=name` names: `sample=file`, `p:Edema=edema`. */
function scoreColumnsOf(given: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const [, role, name] = /^\s*([^=]+?)\s*=\s*(.+)$/.exec(text) ?? [];
      if (role === undefined || !(['sample', 'patient', 'split'].includes(role) || /^[^:]+:./.test(role)))
        throw new InputError(
          `expected --column with sample, patient, split, y:LABEL or MODEL:LABEL, such as p:Edema=edema_score, got ${text}`,
        );
      return [role, name];
    }),
  );
}
