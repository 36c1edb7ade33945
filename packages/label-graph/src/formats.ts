export { draftLabelGraph, type LabelGraphDraft } from './formats/draft.js';
export {
  labelGraphFormat,
  labelGraphFormats,
  readLabelGraph,
  writeLabelGraph,
  type LabelGraphFormat,
} from './formats/graph-files.js';
export { toGraphology } from './formats/graphology.js';
export { parseLabelGraph } from './formats/parse.js';
