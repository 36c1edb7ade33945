import { InputError } from '@cxr-align/files';
import { LabelGraph, mapLabels } from '@cxr-align/label-graph';
import type { Config } from '../config/config.js';
import { loadModel } from '../model/load-model.js';
import { probabilitiesOf } from '../evaluation/predictions.js';
import { trainedSource, type EncoderOptions } from '../inputs/input-source.js';
import { loadInputs, type LoadedData } from '../inputs/load-inputs.js';
import type { Progress } from '../progress.js';
import { predictLogits } from '../model/predict-images.js';

/**
 * What an earlier model says of every image: probabilities [samples, labels] in the label order of the data.
 *
 * @throws {InputError} if the earlier model lacks a label.
 */
export async function teacherEstimates(
  { teacher }: Pick<Config, 'teacher'>,
  { maxBad, ...encoder }: EncoderOptions & { maxBad?: number },
  { dataset }: LoadedData,
  progress: Progress,
): Promise<Float32Array> {
  const { model, stored, dispose } = loadModel(teacher);
  const { labels } = dataset;
  const own = new LabelGraph({ name: dataset.name, labels: labels.map((name) => ({ name })) });
  const crosswalk = mapLabels(stored.graph, own);
  const columns = labels.map((label) => {
    const same = crosswalk[label].from.find(({ relation }) => relation === 'same');
    if (!same)
      throw new InputError(
        `expected a teacher that knows every label, got none for ${label} in ${teacher}; train one on these labels`,
      );
    return stored.graph.labels.indexOf(same.label);
  });
  const { out, features, encoder: folder } = encoder;
  const given = stored.input.kind === 'features' ? { features, encoder: folder } : {};
  const source = await trainedSource(stored, dataset, { out, ...given }, progress);
  const { inputs } = await loadInputs({ dataset, remarks: [] }, source, { maxBad, progress });
  const bar = progress.start('asking the teacher', dataset.samples.length);
  const all = dataset.samples.map((_, i) => i);
  const told = probabilitiesOf(await predictLogits(model, inputs, all, { onImages: (done) => bar.update(done) }));
  bar.stop();
  await inputs.dispose();
  dispose();
  const n = stored.graph.labels.length;
  return Float32Array.from({ length: all.length * labels.length }, (_, at) => {
    const row = Math.floor(at / labels.length);
    return told[row * n + columns[at % labels.length]];
  });
}
