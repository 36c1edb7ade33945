import { differencePlot } from '@cxr-align/report';
import { ablationCells, ablationLead, type AblationSummary } from '../ablation/ablation-summary.js';
import { writeReport } from './write-report.js';

/** Writes `report.html` of an ablation. */
export async function ablationReport(
  out: string,
  summary: AblationSummary,
  { png = false }: { png?: boolean } = {},
): Promise<void> {
  const { rows, baseline, data, samples, patients, method } = summary;
  const others = rows.filter(({ verdict }) => verdict !== 'baseline');
  const forest = await differencePlot(
    others.map(({ configuration, trainCount, difference, differenceCi: [low, high] }) => ({
      label: trainCount === null ? configuration : `${configuration} (${trainCount})`,
      difference,
      low,
      high,
    })),
    `macro AUROC − ${baseline}`,
  );
  const page = {
    title: `Ablation on ${data
      .replace(/[\\/]+$/, '')
      .split(/[\\/]/)
      .pop()}`,
    lead: ablationLead(summary),
    sections: [
      {
        heading: 'Differences',
        paragraphs: [`${samples} images of ${patients} patients; ${method}.`],
        figures: [{ svg: forest, description: `Difference of macro AUROC to ${baseline}, with 95 % intervals` }],
        tables: [{ caption: 'Every configuration', ...ablationCells(summary) }],
      },
    ],
  };
  await writeReport(out, page, { png });
}
