import { wuPalmer, type LabelGraph } from '@cxr-align/label-graph';
import { heatmap, type ReportSection } from '@cxr-align/report';
import { fixed, type Evaluation, type MaybeNumber } from './evaluation.js';
import type { EdgeCount } from './graph-agreement.js';

/** The labels: their graph, whether targets and predictions follow it, and whether embeddings do. */
export async function labelSection(
  graph: LabelGraph,
  { hierarchyViolations, labelViolations, graphAgreement }: Evaluation,
  cosines: { images?: Float32Array; prompts?: Float32Array },
  edges: readonly EdgeCount[],
): Promise<ReportSection> {
  const matrices: [string, Float32Array | undefined, string][] = [
    ['similarity in the graph (Wu-Palmer)', wuPalmer(graph).values, 'How similar labels are in the label graph'],
    ['cosine of image embeddings', cosines.images, 'Mean cosine between the embeddings of two labels of an image'],
    ['cosine of prompts', cosines.prompts, 'Cosine between the trained prompts of two labels'],
  ];
  const figures = [];
  for (const [title, values, description] of graph.labels.length > 1 ? matrices : [])
    if (values) figures.push({ svg: await heatmap(graph.labels, values, title), description });
  const agreements = [
    ['image embeddings', graphAgreement.images] as const,
    ['prompts', graphAgreement.prompts] as const,
  ].flatMap(([name, agreement]) => (agreement ? [{ name, ...agreement }] : []));
  const percent = (value: MaybeNumber): string => (value === null ? 'no edges' : `${(100 * value).toFixed(2)} %`);
  return {
    heading: 'Labels',
    paragraphs: [
      `Label graph ${graph.name}: ${graph.source}.`,
      `Pairs of an image and an edge that violate the hierarchy: ${percent(labelViolations)} in the targets (child present, parent absent), ${percent(hierarchyViolations)} in the predictions (child more probable than its parent).`,
    ],
    figures,
    tables: [
      ...(agreements.length > 0
        ? [
            {
              caption:
                'How well embeddings follow the graph: cosines against Wu-Palmer similarity, over pairs of labels',
              header: ['', 'Spearman', 'Pearson', 'p (Mantel)', 'permutations'],
              rows: agreements.map(({ name, spearman, mantel, mantelP, permutations }) => [
                name,
                fixed(spearman),
                fixed(mantel),
                fixed(mantelP),
                permutations,
              ]),
            },
          ]
        : []),
      ...(edges.length > 0
        ? [
            {
              caption: 'Targets of the parent where the child is present, all splits',
              header: ['child', 'parent', 'child present', 'parent present', 'parent absent', 'parent unknown'],
              rows: edges.map((edge) => [
                edge.child,
                edge.parent,
                edge.childPresent,
                edge.parentPresent,
                edge.parentAbsent,
                edge.parentUnknown,
              ]),
            },
          ]
        : []),
    ],
  };
}
