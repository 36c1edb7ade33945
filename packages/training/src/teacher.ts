import type { Dataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { LabelGraph, mapLabels } from '@cxr-align/label-graph';
import { type Config, readTrainedModel } from './config/config.js';
import { openModel, predictLogits, refuseNonFiniteLogits } from '@cxr-align/classifier';
import { probabilitiesOf } from '@cxr-align/evaluation';
import { type EncoderOptions, trainedSource } from './inputs/input-source.js';
import { loadInputs } from './inputs/load-inputs.js';
import { withResources } from './resources.js';
import type { Progress } from './progress.js';

/**
 * The predictions of an earlier model for every image: probabilities [samples, labels] in the label order of the data.
 *
 * @throws {InputError} if the earlier model lacks a label.
 */
export async function teacherEstimates(
  { teacher }: Pick<Config, 'teacher'>,
  { maxBad, out, features, encoder }: EncoderOptions & { maxBad?: number },
  { dataset }: { dataset: Dataset },
  progress: Progress,
): Promise<Float32Array> {
  return withResources(async (resources) => {
    const { model, stored } = resources.own(openModel(readTrainedModel(teacher)));
    const columns = columnsOf(dataset, stored.graph, teacher);
    const given = stored.input.kind === 'features' ? { features, encoder } : {};
    const source = await trainedSource(stored, dataset, { out, ...given }, progress);
    const { inputs } = await loadInputs({ dataset, remarks: [] }, source, { maxBad, progress });
    resources.own(inputs);
    const bar = progress.start('predicting with the teacher', dataset.samples.length);
    resources.defer(() => bar.stop());
    const all = [...dataset.samples.keys()];
    const logits = await predictLogits(model, inputs, all, { onImages: (done) => bar.update(done) });
    refuseNonFiniteLogits(logits, stored.graph.labels, (row) => dataset.samples[row].id);
    const predicted = probabilitiesOf(logits);
    const [labels, own] = [dataset.annotations.labels.length, stored.graph.labels.length];
    return Float32Array.from(
      { length: all.length * labels },
      (_, at) => predicted[Math.floor(at / labels) * own + columns[at % labels]],
    );
  });
}

/** The teacher's column of each label. @throws {InputError} if it lacks one. */
function columnsOf({ name, annotations: { labels } }: Dataset, graph: LabelGraph, teacher: string): number[] {
  const own = new LabelGraph({ name, labels: labels.map((label) => ({ name: label })) });
  const crosswalk = mapLabels(graph, own);
  return labels.map((label) => {
    const same = crosswalk[label].from.find(({ relation }) => relation === 'same');
    if (!same)
      throw new InputError(
        `expected a teacher that was trained on every label, got none for ${label} in ${teacher}; train one on these labels`,
      );
    return graph.labels.indexOf(same.label);
  });
}
