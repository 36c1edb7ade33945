import { chooseNext, labelStudioProject, nextCsv } from '@cxr-align/curation';
import { writeFileAtomic } from '@cxr-align/files';
import { nextText } from '@cxr-align/run-report';
import { graphFor } from '@cxr-align/training';
import type { EngineName } from '@cxr-align/engine';
import { type DataFlags, printResult, progress, readData, startEngineOf, stderrEvents } from '../command.js';

interface Flags extends DataFlags {
  json: boolean;
  data: string;
  features: string;
  run?: string;
  encoder?: string;
  count: number;
  perPatient: number;
  split?: string;
  graph: string;
  seed: number;
  engine: EngineName | 'auto';
  threads?: number;
  out?: string;
  labelStudio?: string;
  imageUrl: string;
}

/** `data next`: images to label next. */
export async function next({ json, data, out, labelStudio, imageUrl, engine, threads, ...flags }: Flags): Promise<void> {
  const dataset = await readData(data, flags);
  const { features, run, encoder, count, perPatient, split, graph, seed } = flags;
  if (run !== undefined) await startEngineOf({ engine, threads });
  const on = stderrEvents();
  const found = await chooseNext({ data: { dataset }, features, run, encoder, count, perPatient, split, graph, seed, on });
  if (out !== undefined) writeFileAtomic(out, nextCsv(found));
  const written = out === undefined ? [] : [`table: ${out}`];
  if (labelStudio !== undefined) {
    const project = labelStudioProject({ dataset, graph: graphFor(graph, dataset), next: found, imageUrl });
    const config = labelStudio.replace(/(\.json)?$/i, '.xml');
    writeFileAtomic(labelStudio, `${JSON.stringify(project.tasks, null, 2)}\n`);
    writeFileAtomic(config, project.config);
    project.remarks.forEach((line) => progress.remark(line));
    written.push(`Label Studio: tasks ${labelStudio}, labelling configuration ${config}`);
  }
  printResult(json, found, () => [nextText(found), ...written].join('\n'));
}
