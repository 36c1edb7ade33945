import { basename } from 'node:path';
import { readDataset, selectSplit, type Dataset, type Split } from '@cxr-align/datasets';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import { htmlReport } from '@cxr-align/report';
import { compareData, type Compared } from '../../data/compare-data.js';
import { dataComparisonText } from '../../data/data-comparison-text.js';
import { checkImages } from '../../data/image-facts.js';
import { graphFor } from '../../labels/label-knowledge.js';
import { dataComparisonReport } from '../../report/data-comparison-report.js';
import { printResult, progress, type DataFlags } from '../command.js';

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
  const sides: Compared[] = [];
  for (const side of [0, 1]) {
    const path = sets[side] ?? sets[0];
    const read = await readDataset(path, flags);
    const dataset = parts ? splitOf(read, parts[side], path) : read;
    const name = parts ? `${read.name} (${parts[side]})` : read.name || basename(path);
    sides.push({
      name,
      dataset,
      graph: graphFor(side === 0 || sets.length === 1 ? graph : graphB, dataset),
      images: flags.checkImages ? await checkImages(dataset.samples, progress) : null,
    });
  }
  const found = compareData(sides[0], sides[1]);
  if (html !== undefined) writeFileAtomic(html, htmlReport(await dataComparisonReport(found)));
  printResult(json, found, () =>
    [dataComparisonText(found), ...(html === undefined ? [] : [`page: ${html}`])].join('\n'),
  );
}

function splitOf(dataset: Dataset, split: string, file: string): Dataset {
  const chosen = selectSplit(dataset, split as Split);
  if (chosen.samples.length === 0)
    throw new InputError(
      `expected a split of ${[...new Set(dataset.samples.map((sample) => sample.split))].join(', ')}, got ${split}; change --splits`,
      { file },
    );
  return chosen;
}
