import { findSuspects, suspectsCsv } from '@cxr-align/curation';
import { writeFileAtomic } from '@cxr-align/files';
import { suspectImages, suspectsReport, suspectsText, writePage } from '@cxr-align/run-report';
import { type DataFlags, printResult, progress, readData, stderrEvents } from '../command.js';

interface Flags extends DataFlags {
  json: boolean;
  data: string;
  features?: string;
  scores?: string;
  samples?: string;
  labels?: string;
  graph: string;
  labelPolicy: string;
  split?: string;
  folds: number;
  neighbours: number;
  checkImages: boolean;
  seed: number;
  out?: string;
  html?: string;
  thumbnails: number;
}

/** `data suspects`: annotations that are probably wrong. */
export async function suspects({ json, data, out, html, thumbnails, ...flags }: Flags): Promise<void> {
  const dataset = await readData(data, flags);
  const { features, scores, samples, labels, graph, labelPolicy, split, folds, neighbours, checkImages, seed } = flags;
  const found = await findSuspects({
    data: { dataset },
    features,
    scores,
    samples,
    labels,
    graph,
    labelPolicy,
    split,
    folds,
    neighbours,
    checkImages,
    seed,
    on: stderrEvents(),
  });
  if (out !== undefined) writeFileAtomic(out, suspectsCsv(found.suspects));
  if (html !== undefined) {
    const { images, unreadable } = await suspectImages(found, dataset, thumbnails);
    if (unreadable.length > 0) progress.remark(`${unreadable.length} images cannot be shown: ${unreadable.join(', ')}`);
    writePage(html, suspectsReport(found, { images }));
  }
  printResult(json, found, () =>
    [
      suspectsText(found),
      ...(out === undefined ? [] : [`table: ${out}`]),
      ...(html === undefined ? [] : [`page: ${html}`]),
    ].join('\n'),
  );
}
