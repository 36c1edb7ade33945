import { drawing, pageColour, textAt } from './drawing.js';

/** The confusion matrix of one label at its threshold, as counts. */
export interface ConfusionCounts {
  truePositives: number;
  falsePositives: number;
  falseNegatives: number;
  trueNegatives: number;
}

const cell = { width: 84, height: 46 };
const left = 80;

/** A confusion matrix: each cell has its count and its share of the images where the label is so. @param title such as the threshold. */
export function confusionPanel(counts: ConfusionCounts, title = 'At the threshold'): string {
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = counts;
  const rows: [string, number, number][] = [
    ['present', truePositives, falseNegatives],
    ['absent', falsePositives, trueNegatives],
  ];
  const muted = pageColour('muted');
  return drawing(264, 64 + 2 * cell.height + 4, [
    textAt(0, 14, title, { bold: true, size: 13, most: 264 }),
    textAt(0, 54, 'the image', { size: 11, colour: muted }),
    ...['called', 'not called'].map((name, i) =>
      textAt(left + (i + 0.5) * cell.width, 54, name, { anchor: 'middle', size: 11, colour: muted }),
    ),
    ...rows.flatMap(([actual, called, notCalled], r) => {
      const y = 62 + r * cell.height;
      const all = called + notCalled;
      return [
        textAt(0, y + cell.height / 2 + 4, actual),
        ...[called, notCalled].map((count, i) => {
          const share = all === 0 ? 0 : count / all;
          const isRight = (r === 0) === (i === 0);
          const [x, middle] = [left + i * cell.width, left + (i + 0.5) * cell.width];
          const fill = pageColour(isRight ? 'c0' : 'c1');
          // Pale enough at any share for the text upon it.
          return `<rect x="${x}" y="${y}" width="${cell.width}" height="${cell.height}" fill="${fill}" fill-opacity="${(0.04 + 0.2 * share).toFixed(2)}" stroke="${pageColour('line')}"/>${textAt(middle, y + 20, String(count), { anchor: 'middle', bold: true })}${textAt(middle, y + 37, all === 0 ? '' : `${Math.round(100 * share)} %`, { anchor: 'middle', size: 11 })}`;
        }),
      ];
    }),
  ]);
}
