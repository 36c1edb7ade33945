import { relative, sep } from 'node:path';
import type { Dataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import type { LabelGraph } from '@cxr-align/label-graph';
import { refuseUnknownOptions } from '@cxr-align/training';
import type { NextImages } from '../next/choose-next.js';
import { labelBranches, labellingConfig, pathTo, tags } from './labelling-config.js';

/** A choice in a tree of labels. */
export interface TaxonomyResult {
  from_name: string;
  to_name: string;
  type: 'taxonomy';
  value: { taxonomy: string[][] };
}

/** A task as Label Studio imports it. */
export interface LabelStudioTask {
  data: { image: string; sample: string };
  predictions?: { model_version: string; score: number; result: TaxonomyResult[] }[];
}

/** What is labelled in Label Studio: its tasks and its labelling configuration. */
export interface LabelStudioProject {
  tasks: LabelStudioTask[];
  /** XML. */
  config: string;
  /** Folder that the URLs of the images are relative to. */
  root: string;
  remarks: string[];
}

/** Which tasks are made. */
export interface LabelStudioOptions {
  dataset: Dataset;
  graph: LabelGraph;
  next: NextImages;
  /**
   * What stands before the path of an image. Default `/data/local-files/?d=`, which Label Studio serves below its
   * LOCAL_FILES_DOCUMENT_ROOT.
   */
  imageUrl?: string;
  /** Labels with this probability or more are shown as a prediction. Default 0.5. */
  threshold?: number;
}

/** Images that Label Studio shows. */
const shownEndings = /\.(png|jpe?g|gif|bmp|svg|webp)$/i;

/**
 * Tasks for Label Studio with the images that were chosen, the model's labels as pre-annotations, and the labelling configuration with
 * the tree of labels.
 *
 * @throws {InputError} if an image is not in a file of its own, or in a format that a browser does not show.
 * @throws {TypeError} for an unknown option.
 * @see Label Studio, basic JSON format and pre-annotations.
 *
 * @example
 * const { tasks, config } = labelStudioProject({ dataset, graph, next: await chooseNext({ data: { dataset }, features, count: 64 }) });
 */
export function labelStudioProject(options: LabelStudioOptions): LabelStudioProject {
  refuseUnknownOptions('curation/labelStudioProject', options, ['dataset', 'graph', 'next', 'imageUrl', 'threshold']);
  const { dataset, graph, next, imageUrl = '/data/local-files/?d=', threshold = 0.5 } = options;
  const byId = new Map(dataset.samples.map(({ id, image }) => [id, image]));
  const files = next.images.map(({ image: id }) => {
    const image = byId.get(id);
    if (typeof image !== 'string' || !shownEndings.test(image) || /\.(zip|parquet)[/\\]/i.test(image))
      throw new InputError(
        `expected images in PNG or JPEG files, which Label Studio shows, got ${id}${typeof image === 'string' ? '' : ' in an archive of arrays'}; write the images as PNG first`,
      );
    return image;
  });
  const root = commonFolder(files);
  const branches = labelBranches(next.labels, graph);
  return {
    root,
    config: labellingConfig(next.labels, graph),
    remarks: [`images are served from ${root}: make it the document root of Label Studio's local files`],
    tasks: next.images.map(({ image: sample, probabilities }, i) => {
      const path = relative(root, files[i]).split(sep).map(encodeURIComponent).join('/');
      const data = { image: `${imageUrl}${path}`, sample };
      if (!probabilities) return { data };
      const present = next.labels.filter((label) => (probabilities[label] ?? 0) >= threshold);
      const known = next.labels.flatMap((label) => probabilities[label] ?? []);
      return {
        data,
        predictions: [
          {
            model_version: next.source!,
            // The least sure label: 0.5 is undecided, 1 is sure.
            score: known.reduce((least, p) => Math.min(least, Math.max(p, 1 - p)), 1),
            result:
              present.length === 0
                ? []
                : [
                    resultOf(
                      tags.present,
                      present.map((label) => pathTo(branches, label)!),
                    ),
                  ],
          },
        ],
      };
    }),
  };
}

function resultOf(name: string, taxonomy: string[][]): TaxonomyResult {
  return { from_name: name, to_name: tags.image, type: 'taxonomy', value: { taxonomy } };
}

/** The deepest folder that holds all of some files. */
function commonFolder(files: readonly string[]): string {
  const parts = files.map((file) => file.split(sep).slice(0, -1));
  const [first = []] = parts;
  let length = first.length;
  for (const other of parts) while (first.slice(0, length).some((part, i) => part !== other[i])) length--;
  return first.slice(0, length).join(sep) || sep;
}
