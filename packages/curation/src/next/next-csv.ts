import { csvCell } from '@cxr-align/files';
import type { NextImages } from './choose-next.js';

/** Chosen images as CSV, one a row, with a blank column for each label to fill in, and the probabilities of the model. */
export function nextCsv({ labels, images }: Pick<NextImages, 'labels' | 'images'>): string {
  const hasModel = images.some(({ probabilities }) => probabilities !== null);
  const header = ['image', 'patientId', 'split', ...labels, ...(hasModel ? labels.map((label) => `p:${label}`) : [])];
  const rows = images.map(({ image, patient, split, probabilities }) => [
    image,
    patient,
    split,
    ...labels.map(() => null),
    ...(hasModel ? labels.map((label) => roundedOrNull(probabilities?.[label] ?? null)) : []),
  ]);
  return `${[header, ...rows].map((row) => row.map(csvCell).join(',')).join('\n')}\n`;
}

function roundedOrNull(value: number | null): number | null {
  return value === null ? null : Number(value.toFixed(4));
}
