import { readLabelStudio, writeDataset, writtenText } from '@cxr-align/curation';
import type { LabelFormat } from '@cxr-align/datasets';
import { readAnnotationsText } from '@cxr-align/run-report';
import { type DataFlags, printResult, readData } from '../command.js';

interface Flags extends DataFlags {
  json: boolean;
  data: string;
  import: string;
  out: string;
  as: LabelFormat;
}

/** `data label-studio`: the annotations of an export of Label Studio, in a data set. */
export async function labelStudio({ json, data, import: file, out, as, ...flags }: Flags): Promise<void> {
  const read = readLabelStudio({ dataset: await readData(data, flags), file });
  const written = await writeDataset({ folder: out, dataset: read.dataset, format: as });
  const { dataset: _dataset, ...counts } = read;
  printResult(json, { ...written, ...counts }, () => [readAnnotationsText(read), writtenText(written)].join('\n'));
}
