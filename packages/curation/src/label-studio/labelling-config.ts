import type { LabelGraph } from '@cxr-align/label-graph';

/** Names of the tags, which results refer to. */
export const tags = { image: 'image', present: 'present', uncertain: 'uncertain' } as const;

/** A label and those below it; one with several parents stands under each. */
export interface LabelBranch {
  label: string;
  below: LabelBranch[];
}

/** The labels of an order as a tree. */
export function labelBranches(labels: readonly string[], graph: LabelGraph): LabelBranch[] {
  const wanted = new Set(labels);
  const edges = graph.labelEdges().filter(({ parent, child }) => wanted.has(parent) && wanted.has(child));
  const branch = (label: string): LabelBranch => ({
    label,
    below: edges.filter(({ parent }) => parent === label).map(({ child }) => branch(child)),
  });
  return labels.filter((label) => !edges.some(({ child }) => child === label)).map(branch);
}

/** The first path from the top to a label. */
export function pathTo(branches: readonly LabelBranch[], label: string): string[] | undefined {
  for (const one of branches) {
    if (one.label === label) return [label];
    const rest = pathTo(one.below, label);
    if (rest) return [one.label, ...rest];
  }
  return undefined;
}

/**
 * The labelling configuration of Label Studio: the image, and the tree of labels twice, for what is present and for what is uncertain.
 * What is chosen in neither is absent once an annotation is submitted.
 *
 * @see Label Studio, tags Image, Taxonomy and Choice.
 */
export function labellingConfig(labels: readonly string[], graph: LabelGraph): string {
  const branches = labelBranches(labels, graph);
  const choices = (below: readonly LabelBranch[], indent: string): string[] =>
    below.flatMap(({ label, below: deeper }) =>
      deeper.length === 0
        ? [`${indent}<Choice value="${escapeXml(label)}"/>`]
        : [`${indent}<Choice value="${escapeXml(label)}">`, ...choices(deeper, `${indent}  `), `${indent}</Choice>`],
    );
  // Label names have slashes of their own.
  const tree = (name: string, title: string): string[] => [
    `  <Header value="${title}"/>`,
    `  <Taxonomy name="${name}" toName="${tags.image}" pathSeparator=" &gt; ">`,
    ...choices(branches, '    '),
    '  </Taxonomy>',
  ];
  return [
    '<View>',
    `  <Image name="${tags.image}" value="$image" zoom="true" zoomControl="true" brightnessControl="true" contrastControl="true"/>`,
    ...tree(tags.present, 'Present'),
    ...tree(tags.uncertain, 'Uncertain'),
    '</View>',
    '',
  ].join('\n');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
