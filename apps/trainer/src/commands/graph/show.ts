import { readDataset, type Dataset } from '@cxr-align/datasets';
import { writeFileAtomic } from '@cxr-align/files';
import {
  conditionalProbabilities,
  countCooccurrence,
  drawTree,
  matchColumns,
  rootName,
  wuPalmer,
  type LabelGraph,
} from '@cxr-align/label-graph';
import { heatmap, htmlReport, labelTree, type TreeNode } from '@cxr-align/report';
import { loadGraph, positivesIn } from '../../labels/label-knowledge.js';
import { printResult } from '../command.js';

interface Flags {
  json: boolean;
  graph: string;
  data?: string;
  format: string;
  svg?: string;
  html?: string;
}

/** `graph show`: the tree in the terminal, and drawn. */
export async function show({ json, graph: choice, data, format, svg, html }: Flags): Promise<void> {
  const graph = loadGraph(choice);
  const dataset = data === undefined ? undefined : await readDataset(data, { format });
  const positives = dataset ? positivesIn(graph, dataset) : new Map<string, number>();
  const rows = dataset?.samples.length ?? 0;
  const note = (label: string): string => {
    const count = positives.get(label);
    return count === undefined ? '' : `${count} (${((100 * count) / Math.max(1, rows)).toFixed(1)} %)`;
  };
  printResult(
    json,
    { ...graph.toDefinition(), ...(dataset && { rows, positives: Object.fromEntries(positives) }) },
    () => [`${graph.name} (${graph.source})`, drawTree(graph, note)].join('\n'),
  );
  const tree = labelTree(treeNodes(graph, positives, rows, note), {
    title: `${graph.name}: ${graph.labels.length} labels${dataset ? `, positives in ${rows} images of ${dataset.name}` : ''}`,
  });
  if (svg !== undefined) writeFileAtomic(svg, tree);
  if (html !== undefined) writeFileAtomic(html, await page(graph, tree, dataset));
}

function treeNodes(
  graph: LabelGraph,
  positives: ReadonlyMap<string, number>,
  rows: number,
  note: (label: string) => string,
): TreeNode[] {
  return graph.graph
    .filterNodes((name) => name !== rootName)
    .map((name) => {
      const count = positives.get(name);
      return {
        name,
        parents: graph.parents(name),
        group: graph.node(name).group,
        ...(count !== undefined && { note: note(name), share: count / Math.max(1, rows) }),
      };
    });
}

async function page(graph: LabelGraph, tree: string, dataset: Dataset | undefined): Promise<string> {
  const { labels } = graph;
  const figures = [
    {
      svg: await heatmap(labels, wuPalmer(graph).values, 'similarity in the graph (Wu-Palmer)'),
      description: 'How similar labels are in the hierarchy',
    },
  ];
  // Only what the data knows can be counted.
  if (dataset && matchColumns(graph, dataset.labels).matched.some(({ label }) => label !== null)) {
    const { values } = conditionalProbabilities(countCooccurrence(dataset.cells, dataset.labels));
    figures.push({
      svg: await heatmap(
        dataset.labels,
        Array.from(values, (value) => (Number.isNaN(value) ? 0 : value)),
        'P(column | row)',
      ),
      description: `How often the label of a column is present where that of the row is, in ${dataset.name}`,
    });
  }
  return htmlReport({
    title: `Label graph ${graph.name}`,
    lead: `${labels.length} labels, version ${graph.version}. ${graph.source}`,
    sections: [
      { heading: 'Tree', figures: [{ svg: tree, description: 'Each label below the first of its parents' }] },
      { heading: 'Matrices', figures },
    ],
  });
}
