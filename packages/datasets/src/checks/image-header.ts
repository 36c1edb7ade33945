import type { Dataset, Sample } from '../dataset.js';

/** What the DICOM header of an image has that a table may have, too. */
export interface ImageHeader {
  /** A pseudonym of the Patient ID, which is kept nowhere. */
  patient?: string;
  sex?: 'F' | 'M';
  /** Years. */
  age?: number;
  view?: string;
  modality?: string;
  bodyPart?: string;
  /** Why it is no chest film. */
  refusal?: string;
  /** Terms that leave it open whether it is one. */
  remarks: readonly string[];
}

/** What both a table and DICOM headers may have. */
export const headerFields = ['patient', 'sex', 'age', 'view'] as const;
export type HeaderField = (typeof headerFields)[number];

/** Whether the table has a field of a sample: one without a column of patients counts each image as a patient of its own. */
export function tableHas(sample: Sample, field: HeaderField): boolean {
  return field === 'patient' ? sample.patient !== sample.id : sample[field] !== undefined;
}

/** The data set with what headers have where its table has none. */
export function withHeaderFields(dataset: Dataset, headers: readonly (ImageHeader | undefined)[]): Dataset {
  return {
    ...dataset,
    samples: dataset.samples.map((sample, at) => {
      const header = headers[at];
      if (!header) return sample;
      const missing = headerFields.filter((field) => header[field] !== undefined && !tableHas(sample, field));
      return { ...sample, ...Object.fromEntries(missing.map((field) => [field, header[field]])) };
    }),
  };
}
