import { curvePanel } from './curve-panel.js';

/** One point of a series over epochs. */
export interface CurvePoint {
  epoch: number;
  series: string;
  /** null where it is undefined. */
  value: number | null;
}

/** A line for each series over the epochs. Points whose value is null are not drawn. @returns an SVG. */
export function trainingCurve(title: string, points: readonly CurvePoint[]): string {
  const known = points.filter((point): point is CurvePoint & { value: number } => point.value !== null);
  const names = [...new Set(points.map(({ series }) => series))];
  return curvePanel({
    title,
    lines: names.map((name) => {
      const own = known.filter(({ series }) => series === name);
      return {
        name,
        score: own.length === 0 ? 'undefined' : String(Number(own[own.length - 1].value.toPrecision(3))),
        x: own.map(({ epoch }) => epoch),
        y: own.map(({ value }) => value),
        hasPoints: own.length < 30,
      };
    }),
    xTitle: 'epoch',
    xDomain: 'values',
    isWhole: true,
    yDomain: 'values',
  });
}
