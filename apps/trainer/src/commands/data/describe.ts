import { readDataset } from '@cxr-align/datasets';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import { htmlReport } from '@cxr-align/report';
import { describeData } from '../../data/describe-data.js';
import { descriptionText } from '../../data/description-text.js';
import { checkImages } from '../../data/image-facts.js';
import { summarizeImages } from '../../data/image-summary.js';
import { graphFor } from '../../labels/label-knowledge.js';
import { dataReport } from '../../report/data-report.js';
import { printResult, progress, type DataFlags } from '../command.js';

interface Flags extends DataFlags {
  json: boolean;
  data: string;
  graph: string;
  checkImages: boolean;
  html?: string;
}

/** `data describe`: what is in a data set. */
export async function describe({ json, data, graph: choice, html, ...flags }: Flags): Promise<void> {
  const { maxBad } = flags;
  const dataset = await readDataset(data, flags);
  const images = flags.checkImages
    ? summarizeImages(dataset.samples, await checkImages(dataset.samples, progress))
    : null;
  const found = describeData(dataset, graphFor(choice, dataset), images);
  if (html !== undefined) writeFileAtomic(html, htmlReport(await dataReport(found)));
  printResult(json, found, () => [descriptionText(found), ...(html === undefined ? [] : [`page: ${html}`])].join('\n'));
  if (images && images.unreadable.length > maxBad * dataset.samples.length) {
    throw new InputError(
      `${images.unreadable.length} of ${dataset.samples.length} images cannot be read; mend them, or allow more with --max-bad`,
    );
  }
}
