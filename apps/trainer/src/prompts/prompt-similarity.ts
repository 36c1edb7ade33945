import type { FrozenTexts } from './texts.js';
import { heatmap, type ReportSection } from '@cxr-align/report';
import { rowCosine, similarityMatrix, type SimilarityMatrix } from '@cxr-align/text-encoder';
import * as tf from '@tensorflow/tfjs-core';
import type { LoadedModel } from '../model/load-model.js';
import { fixed, orNull } from '../maybe-number.js';
import type { MaybeNumber } from '../evaluation/evaluation-schema.js';
import { writeReport } from '../report/write-report.js';

/** How similar the prompts of labels are. */
export interface PromptSimilarity {
  labels: readonly string[];
  /** [labels][labels]. */
  cosine: number[][];
  /** Over pairs of different labels. */
  offDiagonal: Record<keyof SimilarityMatrix['offDiagonal'], MaybeNumber>;
  /** For each label the cosine of "X" with "no X"; null where there are no negative prompts. */
  negation: Record<string, number> | null;
  negationMean: MaybeNumber;
}

/**
 * Cosines between the prompts of labels, and between "X" and "no X".
 *
 * @param positive [labels, dim] row by row, `negative` likewise.
 */
export function promptSimilarity(
  labels: readonly string[],
  { positive, negative }: { positive: Float32Array; negative?: Float32Array },
): PromptSimilarity {
  const n = labels.length;
  const dim = positive.length / n;
  const { cosine, offDiagonal } = similarityMatrix(positive, dim);
  const negations = negative && labels.map((_, i) => rowCosine(positive, negative, { dim, a: i, b: i }));
  return {
    labels,
    cosine: labels.map((_, i) => [...cosine.subarray(i * n, (i + 1) * n)]),
    offDiagonal: Object.fromEntries(
      Object.entries(offDiagonal).map(([name, value]) => [name, orNull(value)]),
    ) as PromptSimilarity['offDiagonal'],
    negation: negations ? Object.fromEntries(labels.map((label, i) => [label, negations[i]])) : null,
    negationMean: orNull(negations ? negations.reduce((sum, value) => sum + value, 0) / n : NaN),
  };
}

/** The same of what a frozen encoder says. */
export function frozenSimilarity(
  labels: readonly string[],
  { prompts: { shape, data } }: FrozenTexts,
): PromptSimilarity {
  const values = Float32Array.from(data);
  const [kinds, all, dim] = shape;
  const kind = (at: number): Float32Array => values.subarray(at * all * dim, (at * all + labels.length) * dim);
  return promptSimilarity(labels, { positive: kind(0), ...(kinds > 1 && { negative: kind(1) }) });
}

/** The same of what the trained prompt encoder of a run makes of it. */
export async function trainedSimilarity({ model, stored, asked }: LoadedModel): Promise<PromptSimilarity> {
  const { labels } = stored.graph;
  const made = tf.tidy(() => model.encodePrompts!(asked?.texts));
  const read = async (one: tf.Tensor): Promise<Float32Array> =>
    ((await one.data()) as Float32Array).slice(0, labels.length * one.shape[1]!);
  const positive = await read(made.positive);
  const negative = made.negative && (await read(made.negative));
  tf.dispose(made as unknown as tf.TensorContainer);
  return promptSimilarity(labels, { positive, negative });
}

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
        `Cosines of different labels: mean ${fixed(offDiagonal.mean)}, deviation ${fixed(offDiagonal.deviation)}, from ${fixed(offDiagonal.lowest)} to ${fixed(offDiagonal.highest)}.`,
        negation
          ? `Cosine of "X" with "no X": mean ${fixed(negationMean)}. Where it is near 1 the text alone does not tell present from absent.`
          : 'There are no negative prompts.',
      ],
      figures: [
        {
          svg: await heatmap(labels, cosine.flat(), 'cosine of prompts'),
          description: `Cosines between the prompts of two labels: ${heading}`,
        },
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
