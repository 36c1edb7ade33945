import { join } from 'node:path';
import type { StoredModel } from '@cxr-align/classifier';
import { fitMetadataBaseline, type FittedFolds } from '@cxr-align/evaluation';
import { readTrainedModel, type Config } from '@cxr-align/training';
import { foldFolder, placesOf, type FoldPlan } from '../planned/fold-plan.js';
import type { HeldOutPredictions } from './out-of-fold.js';

/** The array of the ensemble weights of a model's branches. */
const branchWeights = 'head/stacking';

/** The models of all folds as one ensemble, with what was fitted on their out-of-fold predictions. */
export function foldsModel(
  out: string,
  plan: FoldPlan,
  { held, config, fitted }: { held: HeldOutPredictions; config: Config; fitted: FittedFolds },
): StoredModel<Config> {
  const members = placesOf(plan).map((place) => {
    const name = foldFolder(place);
    return { name, stored: readTrainedModel(join(out, name)) };
  });
  const [{ stored: first }] = members;
  const { weights: shares, calibrations, thresholds } = fitted;
  const count = first.graph.labels.length;
  const { targets } = held.averaged;
  const positives = first.graph.labels.map((_, label) =>
    held.samples.reduce((sum, _sample, row) => sum + Number(targets[row * count + label] === 1), 0),
  );
  const isShared = members.every(({ stored }) => String(stored.target?.data) === String(first.target?.data));
  return {
    weights: new Map(
      members.flatMap(({ name, stored }) =>
        [...stored.weights].map(([key, value]) => [
          `${name}/${key}`,
          key === branchWeights ? { ...value, data: Float32Array.from(shares) } : value,
        ]),
      ),
    ),
    texts: first.texts,
    ...(isShared && { target: first.target }),
    config,
    input: first.input,
    members: members.map(({ name, stored: { input, head } }) => ({ name, input, ...(head && { head }) })),
    graph: first.graph,
    thresholds,
    calibrations,
    prevalence: positives.map((sum) => sum / held.samples.length),
    metadata: fitMetadataBaseline(held.samples, targets, count),
  };
}
