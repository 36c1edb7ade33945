export {
  precisionRecallPanels,
  reliabilityPanels,
  rocPanels,
  type PrecisionRecallLine,
  type PrecisionRecallPanel,
  type ReliabilityPanel,
  type RocLine,
  type RocPanel,
} from './label-panels.js';
export { confusionPanels, type ConfusionPanel } from './confusion-panels.js';
export { subgroupPlot, type SubgroupRate } from './subgroup-plot.js';
export { labelMap, type LabelMapOptions } from './label-map.js';
export { thumbnails, type Thumbnail } from './thumbnails.js';
export { trainingCurves, type CurvePoint } from './training-curves.js';
export { differencePlot, type DifferenceRow } from './difference-plot.js';
export { heatmap } from './heatmap.js';
export { intervalPlot, type IntervalRow } from './interval-plot.js';
export { stackedBars, type BarPart } from './stacked-bars.js';
export { escapeHtml, htmlReport, type ReportSection, type ReportTable } from './html-report.js';
export { labelTree, type LabelTreeOptions, type TreeNode } from './label-tree.js';
