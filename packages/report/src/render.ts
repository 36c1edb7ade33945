import type { TopLevelSpec } from 'vega-lite';

/** Draws a Vega-Lite specification as SVG; no DOM, no canvas, no network. */
export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  // Both are ES modules with top-level await, which a CommonJS build cannot require.
  const vega = await import('vega');
  const vegaLite = await import('vega-lite');
  const { spec: compiled } = vegaLite.compile({ ...spec, config: { ...look, ...spec.config } } as TopLevelSpec);
  const view = new vega.View(vega.parse(compiled), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}

/** Colours of models, told apart by colour-blind people too (Okabe and Ito). */
export const modelColours = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9'];

const look = {
  background: 'white',
  font: 'DejaVu Sans, Verdana, sans-serif',
  axis: { labelFontSize: 9, titleFontSize: 10, gridColor: '#eee', domainColor: '#999', tickColor: '#999' },
  title: { fontSize: 11, subtitleFontSize: 9.5, anchor: 'start' as const },
  legend: { labelFontSize: 11, titleFontSize: 11 },
  view: { stroke: '#ccc' },
};
