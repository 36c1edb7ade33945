import { intervalPlot } from '@cxr-align/report';
import {
  type AblationRow,
  type AblationSummary,
  ablationCells,
  ablationLead,
  ablationRemarks,
} from '@cxr-align/evaluation';
import { differenceScale, stripCell, stripHead } from './cells.js';
import { writeReport } from './write-report.js';

/** Writes `report.html` of an ablation. */
export async function ablationReport(
  out: string,
  summary: AblationSummary,
  { png = false }: { png?: boolean } = {},
): Promise<void> {
  const { rows, baseline, data, split, samples, patients, method, seeds } = summary;
  const { header, rows: cells } = ablationCells(summary);
  const remarks = ablationRemarks(summary);
  const isNotice = (remark: string): boolean => remark.startsWith('compared on');
  const scale = differenceScale(rows.map(({ differenceCi }) => differenceCi));
  const name = ({ configuration, trainCount }: AblationRow): string =>
    trainCount === null ? configuration : `${configuration} (${trainCount})`;
  const page = {
    title: `Ablation on ${data
      .replace(/[\\/]+$/, '')
      .split(/[\\/]/)
      .pop()}`,
    lead: ablationLead(summary),
    notices: remarks.filter(isNotice).map((remark) => `${remark[0].toUpperCase()}${remark.slice(1)}.`),
    facts: [
      ['compared on', `${samples} images of ${patients} patients, split ${split}`],
      ['seeds', seeds.join(', ')],
      ['method', method],
    ] as const,
    plates: {
      differences: () =>
        intervalPlot(
          rows
            .filter(({ verdict }) => verdict !== 'baseline')
            .map((row) => ({
              label: name(row),
              value: row.difference,
              low: row.differenceCi[0],
              high: row.differenceCi[1],
            })),
          { title: `macro AUROC − ${baseline}`, axis: 'difference of macro AUROC', rule: 0 },
        ),
    },
    sections: [
      {
        heading: 'Differences',
        paragraphs: remarks.filter((remark) => !isNotice(remark)).map((remark) => `${remark}.`),
        tables: [
          {
            caption: `Every configuration against ${baseline}, with 95 % intervals of the difference of macro AUROC`,
            isStacked: true,
            header: [header[0], stripHead(scale), ...header.slice(1)],
            rows: cells.map(([first, ...others], i) => {
              const { difference: value, differenceCi, verdict } = rows[i];
              const isSmall = verdict === 'too few';
              return [
                first,
                stripCell([{ value, low: differenceCi[0], high: differenceCi[1], isSmall }], scale),
                ...others,
              ];
            }),
          },
        ],
      },
    ],
  };
  await writeReport(out, page, { png });
}
