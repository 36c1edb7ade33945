import { InputError, resolveInside } from '@cxr-align/files';

/** A cell that says nothing that it could; the row is bad. */
export class BadCell extends Error {
  constructor(
    readonly column: string,
    readonly expected: string,
    readonly got: string,
  ) {
    super(`column ${column}: expected ${expected}, got ${got}`);
  }
}

/** The longest text of a cell that is repeated in a message. */
const shownLength = 60;

/** A cell as it is shown in a message. */
export function showCell(text: string): string {
  if (text.trim() === '') return 'a blank';
  return text.length > shownLength
    ? `${JSON.stringify(text.slice(0, shownLength))}… (${text.length} characters)`
    : JSON.stringify(text);
}

/** What a cell says of a label that nobody looked for; a data set has NaN for it, and marks it. */
export const notLabelled = -2;

/** What a label cell says: 1, 0, −1 (uncertain), NaN (blank), {@link notLabelled}, or undefined if it says none of these. */
export function readLabelCell(text: string): number | undefined {
  // The usual ways of writing one, of which a table has millions.
  switch (text) {
    case '':
      return NaN;
    case '1.0':
    case '1':
      return 1;
    case '0.0':
    case '0':
      return 0;
    case '-1.0':
    case '-1':
      return -1;
    case 'unknown':
      return notLabelled;
  }
  const cell = text.trim();
  if (cell === '' || /^nan$/i.test(cell)) return NaN;
  const value = Number(cell);
  return value === 0 || value === 1 || value === -1 ? value : undefined;
}

/** The same. @throws {BadCell} if it says none of these. */
export function labelCell(text: string, column: string): number {
  const value = readLabelCell(text);
  if (value === undefined) throw new BadCell(column, '1, 0, -1 or blank', showCell(text));
  return value;
}

/**
 * Years from an age cell such as `57`, MIMIC's `057Y`, NIH's `014M`, `12D` or DICOM's `003W`; undefined for a blank.
 *
 * @throws {BadCell} for anything that is no age from 0 to 120.
 */
export function ageCell(text: string, column: string): number | undefined {
  const cell = text.trim();
  if (cell === '' || /^nan$/i.test(cell)) return undefined;
  const match = /^(\d{1,3}(?:\.\d+)?)\s*([YMWD])?$/i.exec(cell);
  const years = match ? Number(match[1]) / perYear[(match[2] ?? 'Y').toUpperCase()] : NaN;
  if (!(years <= 120)) throw new BadCell(column, 'years from 0 to 120', showCell(text));
  return years;
}

const perYear: Readonly<Record<string, number>> = { Y: 1, M: 12, W: 52, D: 365 };

/** `M` or `F` from a cell such as `Female`; undefined for a blank or anything else (CheXpert has `Unknown`). */
export function readSex(text: string): 'F' | 'M' | undefined {
  const letter = text.trim().charAt(0).toUpperCase();
  return letter === 'F' || letter === 'M' ? letter : undefined;
}

/** The split that a word names; undefined for another word. */
export function readSplit(text: string): 'train' | 'val' | 'test' | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'train' || word === 'test') return word;
  if (word === 'training') return 'train';
  return ['val', 'valid', 'validate', 'validation', 'dev', 'development'].includes(word) ? 'val' : undefined;
}

/** A finite number. @throws {BadCell} if it is none. */
export function numberCell(text: string, column: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!Number.isFinite(value)) throw new BadCell(column, 'a number', showCell(text));
  return value;
}

/** A text that is not blank. @throws {BadCell} */
export function filledCell(text: string, column: string, what: string): string {
  const cell = text.trim();
  if (cell === '') throw new BadCell(column, what, 'a blank');
  return cell;
}

/** The absolute path of an image. @throws {BadCell} if the name is blank, or leads out of the folder. */
export function imageCell(text: string, column: string, folder: string): string {
  const name = filledCell(text, column, 'a file name');
  try {
    return resolveInside(folder, name);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new BadCell(column, 'a relative path inside the data folder', showCell(text));
  }
}
