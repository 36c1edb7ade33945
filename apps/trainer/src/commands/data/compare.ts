import { basename } from 'node:path';
import { InputError } from '@cxr-align/files';
import { type ComparedDataset, checkImages, compareDatasets, filterDataset } from '@cxr-align/curation';
import { dataComparisonReport, dataComparisonText, writePage } from '@cxr-align/run-report';
import { graphFor } from '@cxr-align/training';
import { type DataFlags, printResult, readData, stderrEvents } from '../command.js';

interface Flags extends DataFlags {
  json: boolean;
  sets: string[];
  splits?: string;
  graph: string;
  graphB: string;
  checkImages: boolean;
  html?: string;
}

/** `data compare`: two data sets, or two splits of one. */
export async function compare({ json, sets: given, splits, graph, graphB, html, ...flags }: Flags): Promise<void> {
  // A path that looks like a number is read as one.
  const sets = given.map(String);
  const parts = splits?.split(',').map((split) => split.trim());
  if (parts && parts.length !== 2) throw new InputError(`expected --splits such as train,test, got ${splits}`);
  if (sets.length === 0 || sets.length > 2 || (sets.length === 1 && !parts))
    throw new InputError(
      `expected two data sets, or one and --splits train,test, got ${sets.length} data set${sets.length === 1 ? '' : 's'}`,
    );
  const sides: ComparedDataset[] = [];
  for (const side of [0, 1]) {
    const path = sets[side] ?? sets[0];
    const read = await readData(path, flags);
    const dataset = parts ? filterDataset({ dataset: read, split: parts[side] }) : read;
    const name = parts ? `${read.name} (${parts[side]})` : read.name || basename(path);
    sides.push({
      name,
      dataset,
      graph: graphFor(side === 0 || sets.length === 1 ? graph : graphB, dataset),
      images: flags.checkImages ? await checkImages({ samples: dataset.samples, on: stderrEvents() }) : null,
    });
  }
  const found = compareDatasets({ a: sides[0], b: sides[1] });
  if (html !== undefined) writePage(html, dataComparisonReport(found));
  printResult(json, found, () =>
    [dataComparisonText(found), ...(html === undefined ? [] : [`page: ${html}`])].join('\n'),
  );
}
