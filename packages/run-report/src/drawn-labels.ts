import { heatmap, type ReportFigure } from '@cxr-align/report';

/** The most labels that have a panel of their own: more are not read, and a page of 500 takes minutes and gigabytes. */
const mostPanels = 60;
/** The most rows of a heatmap: it has 40,000 cells then, and is ten screens wide. */
const mostRows = 200;

/** Labels that a figure shows. */
export interface DrawnLabels {
  /** Their places, in the order of all labels. */
  places: number[];
  /** A remark on the figure where it leaves labels out; empty where not. */
  note: string;
}

/** All labels, or the 60 with the most positives where there are more. */
export function drawnLabels(positives: readonly number[]): DrawnLabels {
  const all = [...positives.keys()];
  if (all.length <= mostPanels) return { places: all, note: '' };
  const places = all
    .sort((a, b) => positives[b] - positives[a] || a - b)
    .slice(0, mostPanels)
    .sort((a, b) => a - b);
  return {
    places,
    note: `the ${mostPanels} of ${positives.length} labels with the most positives; all of them are in the tables`,
  };
}

/** A square matrix [labels, labels] as a heatmap with its description: of the first 200 labels where there are more. */
export function matrixFigure(
  labels: readonly string[],
  values: ArrayLike<number>,
  title: string,
  description: string,
): ReportFigure {
  const count = Math.min(labels.length, mostRows);
  if (count === labels.length) return { svg: heatmap(labels, values, title), description };
  const part = new Float64Array(count * count);
  for (let row = 0; row < count; row++)
    for (let column = 0; column < count; column++) part[row * count + column] = values[row * labels.length + column];
  return {
    svg: heatmap(labels.slice(0, count), part, title),
    description: `${description}; the first ${count} of ${labels.length} labels`,
  };
}
