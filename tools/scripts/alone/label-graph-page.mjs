// What a page does with @cxr-align/label-graph: everything that could want Node.
import {
  draftLabelGraph,
  labelGraphFormats,
  LabelGraph,
  labelMatrix,
  labelSet,
  labelSetNames,
  mapLabels,
  matrixKinds,
  parseLabelGraph,
  readLabelGraph,
  writeLabelGraph,
} from '@cxr-align/label-graph';

globalThis.tryLabelGraph = () => {
  const graph = new LabelGraph(labelSet('nih-14'));
  const wanted = JSON.stringify(graph.labelEdges());
  const kept = labelGraphFormats.filter((format) => {
    const again = readLabelGraph(writeLabelGraph(graph, format), `x.${format}`);
    return JSON.stringify(again.labelEdges()) === wanted && again.labels.join() === graph.labels.join();
  });
  const draft = parseLabelGraph(draftLabelGraph(graph.labels, 'drafted').yaml);
  const cells = Float32Array.from({ length: 14 * 50 }, (_, i) => ((i * 7) % 5 === 0 ? 1 : 0));
  for (const kind of matrixKinds) labelMatrix(kind, graph, cells);
  const sizes = labelSetNames.map((name) => new LabelGraph(labelSet(name)).labels.length);
  const lesions = mapLabels(graph, new LabelGraph(labelSet('chexpert-14')))['Lung Lesion'].from;
  return `${kept.join(' ')}, ${draft.labels.length} drafted, ${Math.max(...sizes)} labels in ${sizes.length} sets, ${lesions.map(({ label }) => label).join(' ')}`;
};
