import type { Dataset } from '@cxr-align/datasets';
import { InputError, readJson } from '@cxr-align/files';
import { refuseUnknownOptions } from '@cxr-align/training';
import { tags } from './labelling-config.js';

/** What came back from Label Studio. */
export interface ReadAnnotations {
  /** The data set with the annotations in it. */
  dataset: Dataset;
  /** Images with a submitted annotation that was taken. */
  images: number;
  /** Annotations that were set where there was none, and those that were another one before. */
  added: number;
  changed: number;
  /** Tasks without a submitted annotation, such as skipped ones. */
  open: number;
  /** Names of the data set that it does not have: choices with their number, and images. */
  unknownLabels: Record<string, number>;
  unknownImages: string[];
  remarks: string[];
}

/**
 * Puts the annotations of a JSON export of Label Studio into a data set: labels that were chosen as present are 1, with those above
 * them; as uncertain −1; all other labels of the image are 0. Of several annotations of a task the newest is taken. Images without a
 * submitted annotation stay as they are.
 *
 * @param options.file the export, `JSON` (not `JSON_MIN`), with the tasks and the configuration of {@link labelStudioProject}.
 * @throws {InputError} if it is no such export, or has no annotation of an image of the data set.
 * @throws {TypeError} for an unknown option.
 *
 * @example
 * const { dataset, images } = readLabelStudio({ dataset: data.dataset, file: 'export.json' });
 */
export function readLabelStudio(options: { dataset: Dataset; file: string }): ReadAnnotations {
  refuseUnknownOptions('curation/readLabelStudio', options, ['dataset', 'file']);
  const { dataset, file } = options;
  const tasks = tasksOf(readJson(file), file);
  const { labels } = dataset.annotations;
  const n = labels.length;
  const values = dataset.annotations.values.slice();
  const notLabelled = dataset.annotations.notLabelled?.slice();
  const rowOf = new Map(dataset.samples.map(({ id }, row) => [id, row]));
  const found = { images: 0, added: 0, changed: 0, open: 0, several: 0, both: 0 };
  const unknownLabels: Record<string, number> = {};
  const unknownImages: string[] = [];
  for (const { sample, annotations } of tasks) {
    if (annotations.length === 0) {
      found.open++;
      continue;
    }
    const row = rowOf.get(sample);
    if (row === undefined) {
      unknownImages.push(sample);
      continue;
    }
    if (annotations.length > 1) found.several++;
    const { present, uncertain } = choicesOf(annotations.at(-1)!);
    for (const name of new Set([...present, ...uncertain]))
      if (!labels.includes(name)) unknownLabels[name] = (unknownLabels[name] ?? 0) + 1;
    if (labels.some((label) => present.has(label) && uncertain.has(label))) found.both++;
    found.images++;
    labels.forEach((label, i) => {
      const at = row * n + i;
      const value = present.has(label) ? 1 : uncertain.has(label) ? -1 : 0;
      if (Number.isNaN(values[at])) found.added++;
      else if (values[at] !== value) found.changed++;
      values[at] = value;
      if (notLabelled) notLabelled[at] = 0;
    });
  }
  if (found.images === 0)
    throw new InputError(
      `expected submitted annotations of images of ${dataset.name}, got none (${tasks.length} tasks, ${found.open} of them without one, ${unknownImages.length} of other images); export the project as JSON after labelling`,
      { file },
    );
  const { images, added, changed, open } = found;
  return {
    dataset: { ...dataset, annotations: { ...dataset.annotations, values, ...(notLabelled && { notLabelled }) } },
    images,
    added,
    changed,
    open,
    unknownLabels,
    unknownImages,
    remarks: [
      ...(found.several > 0 ? [`${found.several} images have several annotations: the newest of each was taken`] : []),
      ...(found.both > 0
        ? [`${found.both} images have a label as present and as uncertain: it was taken as present`]
        : []),
    ],
  };
}

interface Annotation {
  result: unknown[];
  time: string;
}

interface Task {
  sample: string;
  /** The submitted ones, the newest last. */
  annotations: Annotation[];
}

function tasksOf(json: unknown, file: string): Task[] {
  const isTask = (task: unknown): boolean =>
    isObject(task) && isObject(task.data) && typeof task.data.sample === 'string' && Array.isArray(task.annotations);
  if (!Array.isArray(json) || !json.every(isTask))
    throw new InputError(
      'expected the JSON export of Label Studio, a list of tasks with data.sample and annotations, got something else; export as JSON (not JSON_MIN), from a project with the tasks that were written here',
      { file },
    );
  return (json as { data: { sample: string }; annotations: unknown[] }[]).map(({ data: { sample }, annotations }) => ({
    sample,
    annotations: annotations
      .filter(isObject)
      .filter(({ was_cancelled: isCancelled, result }) => isCancelled !== true && Array.isArray(result))
      .map(({ result, updated_at: updated, created_at: created }) => ({
        result: result as unknown[],
        time: typeof updated === 'string' ? updated : typeof created === 'string' ? created : '',
      }))
      .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0)),
  }));
}

/** The labels that were chosen, with those above them. */
function choicesOf({ result }: Annotation): { present: Set<string>; uncertain: Set<string> } {
  const found = { present: new Set<string>(), uncertain: new Set<string>() };
  for (const one of result) {
    if (!isObject(one) || !isObject(one.value) || !Array.isArray(one.value.taxonomy)) continue;
    const paths = (one.value.taxonomy as unknown[]).filter((path): path is unknown[] => Array.isArray(path));
    for (const path of paths) {
      const names = path.filter((name): name is string => typeof name === 'string');
      if (one.from_name === tags.present) names.forEach((name) => found.present.add(name));
      // What is above an uncertain label is not said to be anything.
      if (one.from_name === tags.uncertain) names.slice(-1).forEach((name) => found.uncertain.add(name));
    }
  }
  return found;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
