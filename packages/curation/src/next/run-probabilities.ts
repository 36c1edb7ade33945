import type { ImagePrediction, ImageSource, Predictor } from '@cxr-align/classifier';
import type { Sample } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { loadRun, type Progress } from '@cxr-align/training';

/** Images that are predicted at once. */
const atATime = 16;

/** What a run predicts of samples. */
export interface RunPredictionRequest {
  run: string;
  encoder?: string;
  samples: readonly Pick<Sample, 'id' | 'image'>[];
  labels: readonly string[];
}

/**
 * Probabilities of a run for samples [samples, labels]: NaN for labels that it does not have, and for images that cannot be read.
 *
 * @throws {InputError} if the run has none of the labels, or is no run.
 */
export async function runProbabilities(
  { run, encoder, samples, labels }: RunPredictionRequest,
  progress: Progress,
): Promise<{ probabilities: Float64Array; remarks: string[] }> {
  const predictor = await loadRun(run).predictor({ encoder });
  const bar = progress.start('predicting images', samples.length);
  try {
    const unknown = labels.filter((label) => !predictor.labels.includes(label));
    if (unknown.length === labels.length)
      throw new InputError(
        `expected a run with labels of ${labels.join(', ')}, got one with ${predictor.labels.join(', ')}; train on this data set`,
        { file: run },
      );
    const probabilities = new Float64Array(samples.length * labels.length).fill(NaN);
    const unreadable: string[] = [];
    for (let first = 0; first < samples.length; first += atATime) {
      const part = samples.slice(first, first + atATime);
      const found = await predictEach(predictor, part);
      found.forEach((one, i) => {
        if (one === null) unreadable.push(part[i].id);
        else labels.forEach((label, at) => (probabilities[(first + i) * labels.length + at] = one[label] ?? NaN));
      });
      bar.update(first + part.length);
    }
    return {
      probabilities,
      remarks: [
        ...(unknown.length > 0 ? [`labels that the run does not have: ${unknown.join(', ')}`] : []),
        ...(unreadable.length > 0
          ? [`${unreadable.length} images cannot be read (${unreadable.slice(0, 5).join(', ')}): they are not chosen`]
          : []),
      ],
    };
  } finally {
    bar.stop();
    await predictor.dispose();
  }
}

/** Probabilities by label; null for an image that cannot be read. */
async function predictEach(
  predictor: Predictor<ImageSource>,
  part: readonly Pick<Sample, 'image'>[],
): Promise<(Record<string, number> | null)[]> {
  const images = part.map(({ image }): ImageSource => image as ImageSource);
  const probabilitiesOf = ({ labels }: ImagePrediction): Record<string, number> =>
    Object.fromEntries(Object.entries(labels).map(([label, { score }]) => [label, score]));
  try {
    return (await predictor.predict(images)).map(probabilitiesOf);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const found: (Record<string, number> | null)[] = [];
    for (const image of images)
      found.push(
        await predictor.predict(image).then(probabilitiesOf, (reason: unknown) => {
          if (reason instanceof InputError) return null;
          throw reason;
        }),
      );
    return found;
  }
}
