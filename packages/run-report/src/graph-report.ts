import type { Dataset } from '@cxr-align/datasets';
import {
  conditionalProbabilities,
  countCooccurrence,
  matchColumns,
  wuPalmer,
  type LabelGraph,
} from '@cxr-align/label-graph';
import { matrixFigure } from './drawn-labels.js';
import { htmlReport, labelTree, standaloneSvg, type TreeNode } from '@cxr-align/report';

/** A label graph and, where a data set is given, how often each label is present in it. */
export interface GraphPage {
  graph: LabelGraph;
  dataset?: Dataset;
  /** Positive images of each label. */
  positives?: ReadonlyMap<string, number>;
}

/** The tree of a label graph as an SVG file. */
export function graphFigure(page: GraphPage): string {
  const { graph, dataset } = page;
  const counted = dataset ? `, positives in ${dataset.samples.length} images of ${dataset.name}` : '';
  return standaloneSvg(treeOf(page, `${graph.name}: ${graph.labels.length} labels${counted}`));
}

function treeOf({ graph, dataset, positives = new Map() }: GraphPage, title: string): string {
  return labelTree(treeNodes(graph, positives, dataset?.samples.length ?? 0), { title });
}

/** How often a label is present, for people: `12 (3.0 %)`. */
export function shareText(count: number, rows: number): string {
  return `${count} (${((100 * count) / Math.max(1, rows)).toFixed(1)} %)`;
}

function treeNodes(graph: LabelGraph, positives: ReadonlyMap<string, number>, rows: number): TreeNode[] {
  return graph.names.map((name) => {
    const count = positives.get(name);
    return {
      name,
      parents: graph.parents(name),
      group: graph.node(name).group,
      ...(count !== undefined && { note: shareText(count, rows), share: count / Math.max(1, rows) }),
    };
  });
}

/** A label graph as an HTML page: its tree and its matrices. */
export function graphReport(page: GraphPage): string {
  const { graph, dataset } = page;
  const { labels } = graph;
  const figures = [
    matrixFigure(
      labels,
      wuPalmer(graph).values,
      'similarity in the graph (Wu-Palmer)',
      'How similar labels are in the hierarchy',
    ),
  ];
  // Only labels of the data can be counted.
  if (dataset && matchColumns(graph, dataset.annotations.labels).matched.some(({ label }) => label !== null)) {
    const { values } = conditionalProbabilities(
      countCooccurrence(dataset.annotations.values, dataset.annotations.labels),
    );
    figures.push(
      matrixFigure(
        dataset.annotations.labels,
        Array.from(values, (value) => (Number.isNaN(value) ? 0 : value)),
        'P(column | row)',
        `How often the label of a column is present where that of the row is, in ${dataset.name}`,
      ),
    );
  }
  const edges = labels.reduce((sum, label) => sum + graph.parents(label).length, 0);
  return htmlReport({
    title: `Label graph ${graph.name}`,
    lead: `${labels.length} labels and ${edges} edges, version ${graph.version}.`,
    facts: [
      ['source', graph.source],
      ...(dataset ? [['counted in', `${dataset.samples.length} images of ${dataset.name}`] as const] : []),
    ],
    sections: [
      {
        heading: 'Tree',
        figures: [
          {
            svg: treeOf(page, graph.name),
            description: `Each label below the first of its parents${dataset ? ', with its positive images' : ''}`,
          },
        ],
      },
      { heading: 'Matrices', figures },
    ],
  });
}
