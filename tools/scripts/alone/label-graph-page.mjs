// What a page does with @cxr-align/label-graph: everything that could want Node.
import {
  LabelGraph,
  labelMatrix,
  labelSet,
  labelSetNames,
  mapLabels,
  matrixKinds,
  registerLabelSet,
} from '@cxr-align/label-graph';
import {
  draftLabelGraph,
  labelGraphFormats,
  parseLabelGraph,
  readLabelGraph,
  toGraphology,
  writeLabelGraph,
} from '@cxr-align/label-graph/formats';
import { builtInLabelSets } from '@cxr-align/label-graph/sets';

builtInLabelSets.forEach((set) => registerLabelSet(set));

globalThis.tryLabelGraph = () => {
  const graph = new LabelGraph(labelSet('nih-14'));
  const wanted = JSON.stringify(graph.labelEdges());
  const kept = labelGraphFormats.filter((format) => {
    const again = readLabelGraph(writeLabelGraph(graph, format), `x.${format}`);
    return JSON.stringify(again.labelEdges()) === wanted && again.labels.join() === graph.labels.join();
  });
  const draft = parseLabelGraph(draftLabelGraph(graph.labels, 'drafted').yaml);
  const annotations = Float32Array.from({ length: 14 * 50 }, (_, i) => ((i * 7) % 5 === 0 ? 1 : 0));
  for (const kind of matrixKinds) labelMatrix(kind, graph, annotations);
  const sizes = labelSetNames().map((name) => new LabelGraph(labelSet(name)).labels.length);
  const lesions = mapLabels(graph, new LabelGraph(labelSet('chexpert-14')))['Lung Lesion'].from;
  if (toGraphology(graph).order !== graph.names.length + 1) return 'graphology';
  return `${kept.join(' ')}, ${draft.labels.length} drafted, ${Math.max(...sizes)} labels in ${sizes.length} sets, ${lesions.map(({ label }) => label).join(' ')}`;
};
