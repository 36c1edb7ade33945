import { readDataset } from '@cxr-align/datasets';
import { writeFileAtomic } from '@cxr-align/files';
import { drawTree } from '@cxr-align/label-graph';
import { graphFigure, graphReport, shareText } from '@cxr-align/run-report';
import { loadGraph, positivesIn } from '@cxr-align/training';
import { columnsOf, printResult } from '../command.js';

interface Flags {
  json: boolean;
  graph: string;
  data?: string;
  format: string;
  column?: string[];
  svg?: string;
  html?: string;
}

/** `graph show`: the tree in the terminal, and drawn. */
export async function show({ json, graph: choice, data, format, column, svg, html }: Flags): Promise<void> {
  const graph = loadGraph(choice);
  const dataset = data === undefined ? undefined : await readDataset(data, { format, columns: columnsOf(column) });
  const positives = dataset ? positivesIn(graph, dataset) : new Map<string, number>();
  const rows = dataset?.samples.length ?? 0;
  const note = (label: string): string => {
    const count = positives.get(label);
    return count === undefined ? '' : shareText(count, rows);
  };
  printResult(
    json,
    { ...graph.toDefinition(), ...(dataset && { rows, positives: Object.fromEntries(positives) }) },
    () => [`${graph.name} (${graph.source})`, drawTree(graph, note)].join('\n'),
  );
  const page = { graph, dataset, positives };
  if (svg !== undefined) writeFileAtomic(svg, graphFigure(page));
  if (html !== undefined) writeFileAtomic(html, graphReport(page));
}
