export { confusionPanel, type ConfusionCounts } from './confusion-panel.js';
export { curvePanel, type CurvePanel, type PanelLine } from './curve-panel.js';
export { darkColours, figureGrid, lightColours, standaloneSvg } from './drawing.js';
export { escapeHtml } from './escape-html.js';
export { heatmap } from './heatmap.js';
export { htmlReport } from './html-report.js';
export { intervalStrip, stripAxis, type StripMark, type StripScale } from './interval-strip.js';
export { labelMap, type LabelMapOptions } from './label-map.js';
export {
  decisionPanel,
  precisionRecallPanel,
  reliabilityPanel,
  rocPanel,
  type DecisionLines,
  type PrecisionRecallLine,
  type ReliabilityCurve,
  type RocLine,
} from './label-panels.js';
export { labelTree, type LabelTreeOptions, type TreeNode } from './label-tree.js';
export type {
  ReportCard,
  ReportCell,
  ReportFigure,
  ReportPage,
  ReportSection,
  ReportTable,
  Tone,
} from './report-parts.js';
export { intervalPlot, type IntervalPlotOptions, type IntervalRow } from './row-plot.js';
export { scatterPanel, type ScatterPanel, type ScatterPoint } from './scatter-panel.js';
export { spreadPlot, type SpreadPlotOptions, type SpreadRow, type SpreadValue } from './spread-plot.js';
export { stackedBars, type BarPart } from './stacked-bars.js';
export { thumbnails, type Thumbnail } from './thumbnails.js';
export { trainingCurve, type CurvePoint } from './training-curves.js';
