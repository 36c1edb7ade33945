import { InputError } from '@cxr-align/files';
import { describe as describeData } from '@cxr-align/curation';
import { dataReport, descriptionText, writePage } from '@cxr-align/run-report';
import { type DataFlags, printResult, readData, stderrEvents } from '../command.js';

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
  // Views of headers are known before images are chosen by them.
  const isChosen = flags.projection !== undefined || flags.onePerStudy;
  const dataset = await readData(data, { ...flags, dicomFields: flags.dicomFields && isChosen });
  const found = await describeData({
    data: { dataset },
    graph: choice,
    checkImages: flags.checkImages,
    dicomFields: flags.dicomFields,
    on: stderrEvents(),
  });
  if (html !== undefined) writePage(html, dataReport(found));
  printResult(json, found, () => [descriptionText(found), ...(html === undefined ? [] : [`page: ${html}`])].join('\n'));
  const unreadable = found.images?.unreadable.length ?? 0;
  const refused = flags.anyModality ? 0 : (found.files?.headers?.refused.length ?? 0);
  const images = dataset.samples.length;
  if (unreadable + refused > maxBad * images) {
    const what = [
      ...(unreadable > 0 ? [`${unreadable} of ${images} images cannot be read`] : []),
      ...(refused > 0 ? [`${refused} of ${images} images are no chest films by their headers`] : []),
    ];
    const hint = refused > 0 ? 'raise --max-bad, or accept other images by --any-modality' : 'raise --max-bad';
    throw new InputError(`${what.join(' and ')}; correct them, or ${hint}`);
  }
}
