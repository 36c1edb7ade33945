import type { TopLevelSpec } from 'vega-lite';
import { renderSvg } from './render.js';

/** What was called and what was the case, for one label at its threshold. */
export interface ConfusionPanel {
  label: string;
  truePositives: number;
  falsePositives: number;
  falseNegatives: number;
  trueNegatives: number;
}

/** A grid of confusion matrices, one a label: counts, and their share of what was the case as the shade. */
export function confusionPanels(
  panels: readonly ConfusionPanel[],
  { columns = 5 }: { columns?: number } = {},
): Promise<string> {
  const axis = (title: string, sort: readonly string[]) => ({
    type: 'nominal',
    sort,
    axis: { title, labelAngle: 0, ticks: false, domain: false },
  });
  const [x, y] = [
    { field: 'called', ...axis('called', ['present', 'absent']) },
    { field: 'truth', ...axis('is', ['present', 'absent']) },
  ];
  const spec = {
    columns,
    spacing: 18,
    concat: panels.map((panel) => ({
      title: { text: panel.label },
      width: 116,
      height: 76,
      data: { values: cellsOf(panel) },
      encoding: { x, y },
      layer: [
        {
          mark: { type: 'rect', stroke: 'white' },
          encoding: { color: { field: 'share', type: 'quantitative', scale: shade, legend: null } },
        },
        {
          mark: { type: 'text', fontSize: 11 },
          encoding: {
            text: { field: 'text' },
            color: { condition: { test: 'datum.share > 0.55', value: 'white' }, value: '#222' },
          },
        },
      ],
    })),
  };
  return renderSvg(spec as unknown as TopLevelSpec);
}

const shade = { domain: [0, 1], range: ['#f1f5f9', '#0059a3'] };

function cellsOf({ truePositives, falsePositives, falseNegatives, trueNegatives }: ConfusionPanel) {
  const row = (truth: string, present: number, absent: number) =>
    [
      { called: 'present', count: present },
      { called: 'absent', count: absent },
    ].map(({ called, count }) => {
      const share = present + absent === 0 ? 0 : count / (present + absent);
      const percent = present + absent === 0 ? '' : ` (${Math.round(100 * share)} %)`;
      return { truth, called, share, text: `${count}${percent}` };
    });
  return [...row('present', truePositives, falseNegatives), ...row('absent', falsePositives, trueNegatives)];
}
