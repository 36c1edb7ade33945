import { InputError, resolveInside } from '@cxr-align/files';
import { AnnotationError, showCell } from '../annotation-error.js';
import cellWords from '../data/cell-words.json' with { type: 'json' };

/** Lower case without accents, dots (but decimal points) and blanks around it: `Männl.` and `mannl` are one word. */
export function plainWord(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{M}|\.(?!\d)/gu, '')
    .trim()
    .toLowerCase();
}

/** A cell as a mapping compares it: numbers by their value (`1.0` is `1`), words as {@link plainWord} has them. */
export function comparableCell(text: string): string {
  const number = readNumber(text);
  return Number.isNaN(number) ? plainWord(text) : String(number);
}

const blankWords: ReadonlySet<string> = new Set(cellWords.blank);

/** Whether a cell is blank: empty, or a word for nothing as pandas and R write it (`NaN`, `NA`, `None`, `null`, `#N/A`). */
export function isBlank(text: string): boolean {
  return text === '' || (text.length < 12 && blankWords.has(text.trim().toLowerCase()));
}

/** Value of an annotation of what was not examined; a data set has NaN for it, and marks it. */
export const notLabelled = -2;

/**
 * The value of a label's cell: 1, 0, −1 (uncertain), NaN (blank), {@link notLabelled}; undefined for any other text.
 * A decimal comma (`1,0`) is one.
 */
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
  if (isBlank(cell)) return NaN;
  const value = readNumber(cell);
  return value === 0 || value === 1 || value === -1 ? value : undefined;
}

/** A number with a decimal point or a decimal comma; NaN for anything else. */
export function readNumber(text: string): number {
  const cell = text.trim();
  if (cell === '') return NaN;
  return Number(/^[+-]?\d*,\d+$/.test(cell) ? cell.replace(',', '.') : cell);
}

/** The same as {@link readLabelCell}. @throws {AnnotationError} for any other text. */
export function labelCell(text: string, column: string): number {
  const value = readLabelCell(text);
  if (value === undefined) throw new AnnotationError(column, '1, 0, -1 or blank', showCell(text));
  return value;
}

const perYear: Readonly<Record<string, number>> = { Y: 1, M: 12, W: 52, D: 365 };
const unitOfWord = new Map(
  Object.entries(cellWords.ageUnit).flatMap(([unit, words]) => words.map((word) => [word, unit])),
);
const agePattern = /^(?:>=?|≥)?\s*(\d{1,3}(?:[.,]\d+)?)\s*\+?\s*([\p{L}]+)?(?: old)?$/u;

/**
 * Years of an age: `57`, `57.0`, `057Y`, `014M`, DICOM's `003W`, `57 years`, `6 months`, `6 Monate`, `90+` (90, as the
 * lower bound that it is).
 *
 * @returns undefined for a text that is no age from 0 to 120.
 */
export function readAge(text: string): number | undefined {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const [, number, word = 'y'] = agePattern.exec(plainWord(text)) ?? [];
  const unit = unitOfWord.get(word);
  if (number === undefined || unit === undefined) return undefined;
  const years = readNumber(number) / perYear[unit];
  return years <= 120 ? years : undefined;
}

/** Years; undefined for a blank. @throws {AnnotationError} for anything that is no age from 0 to 120. */
export function ageCell(text: string, column: string): number | undefined {
  if (isBlank(text)) return undefined;
  const years = readAge(text);
  if (years === undefined) throw new AnnotationError(column, 'years from 0 to 120', showCell(text));
  return years;
}

const sexOfWord = new Map(
  (['F', 'M'] as const).flatMap((sex) => cellWords.sex[sex].map((word): [string, 'F' | 'M'] => [word, sex])),
);

/** The sex that a word names, in five languages; undefined for a blank or any other word (CheXpert has `Unknown`). */
export function readSex(text: string): 'F' | 'M' | undefined {
  return sexOfWord.get(plainWord(text));
}

const splitOfWord = new Map(
  (['train', 'val', 'test'] as const).flatMap((split) =>
    cellWords.split[split].map((word): [string, 'train' | 'val' | 'test'] => [word, split]),
  ),
);

/** The split that a word names; undefined for another word. */
export function readSplit(text: string): 'train' | 'val' | 'test' | undefined {
  return splitOfWord.get(plainWord(text));
}

/** A finite number. @throws {AnnotationError} if it is none. */
export function numberCell(text: string, column: string): number {
  const value = readNumber(text);
  if (!Number.isFinite(value)) throw new AnnotationError(column, 'a number', showCell(text));
  return value;
}

/** A text that is not blank. @throws {AnnotationError} */
export function filledCell(text: string, column: string, what: string): string {
  const cell = text.trim();
  if (cell === '') throw new AnnotationError(column, what, 'a blank');
  return cell;
}

/**
 * The text of an id. Whole numbers that went through a column of floats (`50000000.0`) lose their decimals, so that they
 * match the same ids in other tables.
 *
 * @returns an empty text for a blank.
 * @throws {AnnotationError} for a number in scientific notation, of which digits are lost.
 */
export function idText(text: string, column: string): string {
  const id = text.trim();
  if (isBlank(id)) return '';
  if (id.endsWith('0') && /^\d+\.0+$/.test(id)) return id.slice(0, id.indexOf('.'));
  if (/^\d[.,]\d+e\+\d+$/i.test(id))
    throw new AnnotationError(
      column,
      'all digits of an id',
      `${showCell(id)}, a rounded number; export the column as text`,
    );
  return id;
}

/** The same. @throws {AnnotationError} for a blank, too. */
export function idCell(text: string, column: string): string {
  return filledCell(idText(text, column), column, 'an id');
}

/** The absolute path of an image. @throws {AnnotationError} if the name is blank, or leads out of the folder. */
export function imageCell(text: string, column: string, folder: string): string {
  const name = filledCell(text, column, 'a file name');
  try {
    return resolveInside(folder, name);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new AnnotationError(column, 'a relative path inside the data folder', showCell(text));
  }
}
