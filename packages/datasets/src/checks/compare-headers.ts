import type { Dataset, Sample } from '../dataset.js';
import { countTexts } from '../facts.js';
import { projectionOf } from '../views.js';
import { headerFields, tableHas, type HeaderField, type ImageHeader } from './image-header.js';

/** How the headers' values of a field compare with the table's. */
export interface FieldComparison {
  /** Headers that have it. */
  inHeaders: number;
  /** Headers that have it where the table does not. */
  notInTable: number;
  /** Images for which both have it. */
  compared: number;
  /** Those of which both differ: of patients, images that the headers group otherwise. */
  differing: number;
  /** The first 10 of them. */
  images: string[];
}

/** What the DICOM headers of a data set have, beside its table. Nothing in it identifies a patient. */
export interface HeaderComparison {
  /** Images whose header was read. */
  headers: number;
  /** Images by their terms. */
  modality: Record<string, number>;
  bodyPart: Record<string, number>;
  fields: Record<HeaderField, FieldComparison>;
  /** Images that are no chest films by their headers. */
  refused: { image: string; reason: string }[];
  /** Terms that leave it open whether they are, and how many images have them. */
  remarks: Record<string, number>;
}

const namedImages = 10;
/** Years by which ages may differ: one is of the study, the other of the table's day. */
const ageTolerance = 1;

/**
 * Compares what DICOM headers have with the table; null where no image has a header.
 *
 * @param headers of the samples, in their order.
 */
export function compareHeaders(
  { samples }: Pick<Dataset, 'samples'>,
  headers: readonly (ImageHeader | undefined)[],
): HeaderComparison | null {
  const rows = samples.flatMap((sample, at): HeaderRow[] => {
    const header = headers[at];
    return header ? [{ sample, header }] : [];
  });
  if (rows.length === 0) return null;
  const regrouped = regroupedPatients(rows);
  const differs: Record<HeaderField, (row: HeaderRow) => boolean> = {
    patient: (row) => regrouped.has(row),
    sex: ({ sample, header }) => sample.sex !== header.sex,
    age: ({ sample, header }) => Math.abs(sample.age! - header.age!) > ageTolerance,
    view: ({ sample, header }) => viewsDiffer(sample.view!, header.view!),
  };
  return {
    headers: rows.length,
    modality: countTexts(rows.map(({ header }) => termText(header.modality))),
    bodyPart: countTexts(rows.map(({ header }) => termText(header.bodyPart))),
    fields: Object.fromEntries(
      headerFields.map((field) => [field, compareField(rows, field, differs[field])]),
    ) as HeaderComparison['fields'],
    refused: rows.flatMap(({ sample, header: { refusal } }) =>
      refusal === undefined ? [] : [{ image: sample.id, reason: refusal }],
    ),
    remarks: countTexts(rows.flatMap(({ header }) => header.remarks)),
  };
}

interface HeaderRow {
  sample: Sample;
  header: ImageHeader;
}

/** A term of the header as it is counted; what a device wrote there instead is cut to what a term may be. */
function termText(term: string | undefined): string {
  return term === undefined ? '(blank)' : term.toUpperCase().slice(0, 16);
}

function compareField(
  rows: readonly HeaderRow[],
  field: HeaderField,
  differs: (row: HeaderRow) => boolean,
): FieldComparison {
  const known = rows.filter(({ header }) => header[field] !== undefined);
  const both = known.filter(({ sample }) => tableHas(sample, field));
  const differing = both.filter(differs);
  return {
    inHeaders: known.length,
    notInTable: known.length - both.length,
    compared: both.length,
    differing: differing.length,
    images: differing.slice(0, namedImages).map(({ sample }) => sample.id),
  };
}

/**
 * Images that the headers give to another patient than the table does, whatever the patients are called in each: the fewer of those
 * that the headers give to one patient and the table to several, and the other way round. A Patient ID that all headers share while
 * the table has several patients identifies no one.
 */
function regroupedPatients(all: readonly HeaderRow[]): Set<HeaderRow> {
  const rows = all.filter(({ sample, header }) => header.patient !== undefined && tableHas(sample, 'patient'));
  const distinct = (of: (row: HeaderRow) => string): number => new Set(rows.map(of)).size;
  const patientOf = ({ header }: HeaderRow): string => header.patient!;
  const tablesOf = ({ sample }: HeaderRow): string => sample.patient;
  if (distinct(patientOf) === 1 && distinct(tablesOf) > 1) return new Set();
  const under = new Set(exceptions(rows, patientOf, tablesOf));
  // Of what is left, a patient of the table may still have several in the headers.
  const rest = rows.filter((row) => !under.has(row));
  return new Set([...under, ...exceptions(rest, tablesOf, patientOf)]);
}

/** Rows of a group whose value is not that of most of its rows. */
function exceptions(
  rows: readonly HeaderRow[],
  groupOf: (row: HeaderRow) => string,
  valueOf: (row: HeaderRow) => string,
): HeaderRow[] {
  const groups = new Map<string, Map<string, number>>();
  for (const row of rows) {
    const counts = groups.get(groupOf(row)) ?? new Map<string, number>();
    counts.set(valueOf(row), (counts.get(valueOf(row)) ?? 0) + 1);
    groups.set(groupOf(row), counts);
  }
  const usual = new Map([...groups].map(([group, counts]) => [group, [...counts].sort(([, a], [, b]) => b - a)[0][0]]));
  return rows.filter((row) => valueOf(row) !== usual.get(groupOf(row)));
}

/** Whether two names of views mean different ones, as far as both are known. */
function viewsDiffer(a: string, b: string): boolean {
  const [one, other] = [projectionOf(a), projectionOf(b)];
  if (one === undefined || other === undefined) return false;
  if (one !== other) return true;
  const side = (text: string): string | undefined => /^\W*(AP|PA)(?![A-Z])/i.exec(text)?.[1].toUpperCase();
  const sides = [side(a), side(b)];
  return sides[0] !== undefined && sides[1] !== undefined && sides[0] !== sides[1];
}

/** The comparison in lines for people. */
export function headerLines(found: HeaderComparison, { isUsed = false }: { isUsed?: boolean } = {}): string[] {
  const { headers, fields, refused, remarks, modality, bodyPart } = found;
  const tally = (counts: Record<string, number>): string =>
    Object.entries(counts)
      .slice(0, 8)
      .map(([term, count]) => `${term} ${count}`)
      .join(', ');
  const more = headerFields.filter((field) => fields[field].notInTable > 0);
  const known = more.map((field) => `${field} of ${fields[field].notInTable}`).join(', ');
  return [
    `DICOM headers of ${headers} images: Modality ${tally(modality)}; Body Part Examined ${tally(bodyPart)}`,
    ...(more.length === 0
      ? []
      : [
          isUsed
            ? `taken from the headers where the table has none (images): ${known}`
            : `the headers have what the table does not (images): ${known}; they are used if asked for (dicomFields)`,
        ]),
    ...headerFields.flatMap((field) => differenceLine(field, fields[field])),
    ...Object.entries(remarks).map(([remark, count]) => `${count} images: ${remark}`),
    ...(refused.length === 0
      ? []
      : [
          `${refused.length} images are no chest films by their headers: ${refused
            .slice(0, 5)
            .map(({ image, reason }) => `${image} (${reason})`)
            .join(', ')}${refused.length > 5 ? ' …' : ''}`,
        ]),
  ];
}

function differenceLine(field: HeaderField, { compared, differing, images }: FieldComparison): string[] {
  if (differing === 0) return [];
  const what =
    field === 'patient'
      ? `the headers give ${differing} of ${compared} images to another patient than the table does`
      : `the ${field} of ${differing} of ${compared} images is another one in the header than in the table`;
  return [`warning: ${what}: ${images.slice(0, 5).join(', ')}${differing > 5 ? ' …' : ''}`];
}
