import { wuPalmer } from '@cxr-align/label-graph';
import { RandomStream } from '@cxr-align/random';
import { heatmap, labelMap, type ReportSection } from '@cxr-align/report';
import { matrixFigure } from './drawn-labels.js';
import type { EvaluatedModel } from '@cxr-align/training';
import { type EdgeCount, type Evaluation, type MaybeNumber, fixed, pText } from '@cxr-align/evaluation';
import { type StoredModel, frozenCosines } from '@cxr-align/classifier';

/** The labels: their graph, whether targets and predictions follow it, and whether embeddings do. */
export function graphSection(
  { graph, texts, target, config: { seed, prompts } }: StoredModel,
  { hierarchyViolations, labelViolations, graphAgreement }: Evaluation,
  { cosines, sourceAttention }: Pick<EvaluatedModel, 'cosines' | 'sourceAttention'>,
  edges: { counts: readonly EdgeCount[]; of: string },
): ReportSection {
  const matrices: [string, ArrayLike<number> | undefined, string][] = [
    ['similarity in the graph (Wu-Palmer)', wuPalmer(graph).values, 'How similar labels are in the label graph'],
    ['target of the graph loss', target?.data, 'The similarity that embeddings were to follow'],
    ['cosine of image embeddings', cosines.images, 'Mean cosine between the embeddings of two labels of an image'],
    [
      'cosine of frozen prompts',
      texts && frozenCosines(texts, graph.labels.length),
      'Cosine between the prompts of two labels before training',
    ],
    ['cosine of prompts', cosines.prompts, 'Cosine between the trained prompts of two labels'],
  ];
  const figures = [];
  for (const [title, values, description] of graph.labels.length > 1 ? matrices : [])
    if (values) figures.push(matrixFigure(graph.labels, values, title, description));
  if (sourceAttention)
    figures.push({
      svg: heatmap(graph.labels, sourceAttention, 'attention over source prompts', {
        columns: [...prompts.mixture, 'target'],
      }),
      description: "How much of each prompt set is in a label's prompt, the mean over the images",
    });
  const map = cosines.images ?? cosines.prompts;
  if (map && graph.labels.length >= 4) {
    const random = new RandomStream({ seed, purpose: 'label-map' });
    const groups = graph.labels.map((label) => graph.ancestors(label).at(-1) ?? label);
    const title = 'map of label embeddings (UMAP)';
    figures.push({
      svg: labelMap(graph.labels, map, { title, groups, random: () => random.uniform() }),
      description: 'Labels whose embeddings are alike lie near each other; colours: what stands above them',
    });
  }
  const agreements = [
    ['image embeddings', graphAgreement.images] as const,
    ['prompts', graphAgreement.prompts] as const,
  ].flatMap(([name, agreement]) => (agreement ? [{ name, ...agreement }] : []));
  const percent = (value: MaybeNumber): string => (value === null ? 'no edges' : `${(100 * value).toFixed(2)} %`);
  return {
    heading: 'Label graph and embeddings',
    id: 'graph',
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
                pText(mantelP),
                permutations,
              ]),
            },
          ]
        : []),
      ...(edges.counts.length > 0
        ? [
            {
              caption: `Targets of the parent where the child is present, ${edges.of}`,
              header: ['child', 'parent', 'child present', 'parent present', 'parent absent', 'parent unknown'],
              rows: edges.counts.map((edge) => [
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
