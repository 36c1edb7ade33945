import type { Dataset } from '@cxr-align/datasets';
import { graphFor, refuseUnknownOptions, type HeaderOptions, type RunControl } from '@cxr-align/training';
import { describeDataset, type DatasetDescription } from './describe-dataset.js';
import { checkFiles } from './file-checks.js';
import { checkImages } from './image-facts.js';

/** What is described, and how closely. */
export interface DescribeDataOptions extends RunControl, Pick<HeaderOptions, 'dicomFields'> {
  /** A data set that has been opened or read. */
  data: { dataset: Dataset };
  /** Label graph of the data: a shipped set, a file, or `auto`. Default `auto`. */
  graph?: string;
  /** Reads every image, too: sizes, grey values, bits, the same image twice. Default false. */
  checkImages?: boolean;
}

/**
 * Describes a data set before anything is trained on it: rows, patients, annotations, what each label policy makes of them, the
 * hierarchy, whether its images are there, twice under several patients, or of headers that differ from the table, and, where wanted,
 * all their pixels.
 *
 * @throws {TypeError} for an unknown option. @throws {InputError} if the label graph does not fit the data.
 *
 * @example
 * const { prevalence } = await describe({ data: await openDataset('data/phantom') });
 */
export async function describe(options: DescribeDataOptions): Promise<DatasetDescription> {
  refuseUnknownOptions('curation/describe', options, [
    'data',
    'graph',
    'checkImages',
    'dicomFields',
    'on',
    'signal',
    'stallSeconds',
  ]);
  const { data, graph = 'auto', checkImages: isChecked = false, dicomFields, on, signal, stallSeconds } = options;
  const { dataset, files } = await checkFiles({ dataset: data.dataset, dicomFields, on, signal, stallSeconds });
  const images = isChecked ? await checkImages({ samples: dataset.samples, on, signal, stallSeconds }) : null;
  return { ...describeDataset({ dataset, graph: graphFor(graph, dataset), images }), files };
}
