import { InputError } from '@cxr-align/files';
import { LabelGraph, mapLabels } from '@cxr-align/label-graph';
import type { Config } from './config.js';
import { loadModel } from './evaluate-run.js';
import { probabilitiesOf } from './predictions.js';
import { loadData, type LoadedData } from './prepare-data.js';
import type { Progress } from './progress.js';
import { predictLogits } from './predict-images.js';

/**
 * What an earlier model says of every image: probabilities [samples, labels] in the label order of the data.
 *
 * @throws {InputError} if the earlier model lacks a label.
 */
export async function teacherEstimates(
  { teacher }: Pick<Config, 'teacher'>,
  { maxBad }: { maxBad?: number },
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
  const { images } = await loadData(
    { dataset, remarks: [] },
    { size: stored.size, fit: stored.config.image.fit },
    { maxBad, progress },
  );
  const bar = progress.start('asking the teacher', dataset.samples.length);
  const all = dataset.samples.map((_, i) => i);
  const told = probabilitiesOf(
    await predictLogits(model, images, all, stored.scale, { onImages: (done) => bar.update(done) }),
  );
  bar.stop();
  dispose();
  const n = stored.graph.labels.length;
  return Float32Array.from({ length: all.length * labels.length }, (_, at) => {
    const row = Math.floor(at / labels.length);
    return told[row * n + columns[at % labels.length]];
  });
}
