import type { ReportSection } from '@cxr-align/report';
import { matrixFigure } from './drawn-labels.js';
import { fixed } from '@cxr-align/evaluation';
import type { PromptSimilarity } from '@cxr-align/classifier';
import { writeReport } from './write-report.js';

/** Draws similarities as heat maps: `report.html`. */
export async function similarityReport(
  folder: string,
  name: string,
  parts: readonly { name: string; similarity: PromptSimilarity }[],
  { png }: { png: boolean },
): Promise<void> {
  const sections: ReportSection[] = [];
  for (const { name: heading, similarity } of parts) {
    const { labels, cosine, offDiagonal, negation, negationMean } = similarity;
    sections.push({
      heading,
      paragraphs: [
        `Cosines of different labels: mean ${fixed(offDiagonal.mean)}, std ${fixed(offDiagonal.std)}, range ${fixed(offDiagonal.min)} to ${fixed(offDiagonal.max)}.`,
        negation
          ? `Cosine of "X" with "no X": mean ${fixed(negationMean)}. Where it is near 1 the text alone does not separate present from absent.`
          : 'There are no negative prompts.',
      ],
      figures: [
        matrixFigure(
          labels,
          cosine.flat(),
          'cosine of prompts',
          `Cosines between the prompts of two labels: ${heading}`,
        ),
      ],
      ...(negation && {
        tables: [
          {
            caption: 'Cosine of "X" with "no X"',
            header: ['label', 'cosine'],
            rows: Object.entries(negation).map(([label, value]) => [label, fixed(value)]),
          },
        ],
      }),
    });
  }
  const lead = parts.map(
    ({ name: part, similarity: { negationMean, offDiagonal } }) =>
      `${part}: different labels ${fixed(offDiagonal.mean)}${negationMean === null ? '' : `, "X" and "no X" ${fixed(negationMean)}`}`,
  );
  await writeReport(
    folder,
    { title: `Prompts of ${name}`, lead: `Mean cosines. ${lead.join('; ')}.`, sections },
    { png },
  );
}

/** Similarities as text for a terminal. */
export function similarityText({ labels, cosine, offDiagonal, negation, negationMean }: PromptSimilarity): string {
  const width = Math.max(...labels.map((label) => label.length));
  const cell = (value: number): string => value.toFixed(2).padStart(6);
  return [
    ...labels.map(
      (label, i) =>
        `${label.padEnd(width)}  ${cosine[i].map(cell).join('')}${negation ? `  | ${negation[label].toFixed(2)}` : ''}`,
    ),
    '',
    `different labels: ${Object.entries(offDiagonal)
      .map(([name, value]) => `${name} ${fixed(value)}`)
      .join(', ')}`,
    ...(negation ? [`"X" and "no X" (last column): mean ${fixed(negationMean)}`] : []),
  ].join('\n');
}
