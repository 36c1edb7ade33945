import { writeFileAtomic } from '@cxr-align/files';
import { type LabelGraphFormat, labelGraphFormat, writeLabelGraph } from '@cxr-align/label-graph/formats';
import { loadGraph } from '@cxr-align/training';
import { printResult } from '../command.js';

interface Flags {
  json: boolean;
  graph: string;
  to?: LabelGraphFormat;
  out?: string;
}

/** `graph convert`: a label graph in another format. */
export function convert({ json, graph: choice, to, out }: Flags): void {
  const graph = loadGraph(choice);
  const format = to ?? labelGraphFormat(out ?? '');
  const text = writeLabelGraph(graph, format);
  if (out === undefined) {
    printResult(json, { format, text }, () => text.trimEnd());
    return;
  }
  writeFileAtomic(out, text);
  printResult(json, { format, file: out }, () => `${out}: ${graph.name} as ${format}, ${graph.labels.length} labels`);
}
