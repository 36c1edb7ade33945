export { rocPanels, type RocLine, type RocPanel } from './roc-panels.js';
export { trainingCurves, type CurvePoint } from './training-curves.js';
export { differencePlot, type DifferenceRow } from './difference-plot.js';
export { heatmap } from './heatmap.js';
export { escapeHtml, htmlReport, type ReportSection, type ReportTable } from './html-report.js';
export { labelTree, type LabelTreeOptions, type TreeNode } from './label-tree.js';
