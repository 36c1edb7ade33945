import { readFileSync } from 'node:fs';
import { columnsByRole, idText, openTable, type BadRow } from '@cxr-align/datasets';
import { InputError, readJson, readNpy, readNpyIds } from '@cxr-align/files';
import { type GroupColumns, tableGroups } from './fairness.js';
import {
  joinTargets,
  knownTargets,
  scoreModels,
  type KnownTargets,
  type ScoreModels,
  type ScoreRows,
} from './score-rows.js';
import type { ScoreTable } from './score-table.js';

export {
  joinTargets,
  scoreModels,
  type KnownTargets,
  type OpenModel,
  type ScoreModel,
  type ScoreModels,
  type ScoreRows,
} from './score-rows.js';
export { scoreColumns, type GivenScoreColumns, type ScoreColumns } from './score-columns.js';

/** Files of another program's scores. */
export interface ScoreFiles {
  /** `.npy` of scores [samples, labels]; [samples] with one label. */
  scores: string;
  /** `.npy` of targets of the same shape: 1, 0, and −1 or NaN for unknown. */
  targets: string;
  /** JSON list of label names, or an object with the list under `labels`. */
  labels: string;
  /** `.npy` of the patient of each sample: whole numbers or text. */
  patients?: string;
  /** Table with a header and a row a sample: attributes. */
  groups?: string;
  /** JSON object of label to threshold, on the scale of the scores. */
  thresholds?: string;
}

/** Files of scores of one model or several: a table, or arrays as {@link ScoreFiles} has them. */
export interface ScoreSources
  extends Omit<ScoreFiles, 'targets' | 'labels' | 'thresholds'>, Pick<ScoreRows, 'columns' | 'split'> {
  /** Table of targets by sample, or `.npy` beside scores in `.npy`; those in the table of the scores unless given. */
  targets?: string;
  /** JSON list of the labels; those that the columns have unless given. */
  labels?: string;
  /** Names of the samples of scores in `.npy`: `.npy`, a table, or a text file with one a line. */
  samples?: string;
  /** Targets that are known otherwise, as of a data set. */
  known?: KnownTargets;
}

/**
 * Reads scores of one model or several: `.npy`, or a table (CSV, TSV, gzipped, Parquet, JSON lines) with names of samples, patients and
 * targets beside them, as `predictions.parquet` and pandas' `to_csv` write it.
 *
 * @throws {InputError} naming the file, row and column that are not what they should be.
 */
export async function readScoreModels(sources: ScoreSources): Promise<ScoreModels> {
  const { scores, targets, columns, split, patients, groups } = sources;
  if (targets !== undefined && sources.known)
    throw new InputError('expected targets in a table or in a data set, got both; leave one out');
  if (isNpy(scores)) {
    if (columns !== undefined || split !== undefined)
      throw new InputError('expected a table of scores to choose columns or a split of, got an array', {
        file: scores,
      });
    return readArrays(sources);
  }
  const labels = sources.labels === undefined ? undefined : readNames(sources.labels);
  const table = await readCells(scores);
  const known = targets === undefined ? sources.known : await readTargets(targets);
  const read = scoreModels({ ...table, columns, labels, split }, known);
  if (patients === undefined && groups === undefined) return read;
  const rows = table.rows.length;
  const [{ table: first }] = read.models;
  if ((first.samples?.length ?? rows) !== rows)
    throw new InputError('expected patients and groups in the table of the scores, where rows are left out', {
      file: patients ?? groups,
    });
  const more = {
    ...(patients !== undefined && { patients: await readIds(patients, 'patient') }),
    ...(groups !== undefined && { groups: await readGroups(groups, rows) }),
  };
  return {
    remarks: read.remarks.filter((remark) => patients === undefined || !remark.startsWith('no column of patients')),
    models: read.models.map(({ name, table: one }) => ({ name, table: { ...one, ...more } })),
  };
}

/** Scores in `.npy`, with the names of their samples where these are given. */
async function readArrays(sources: ScoreSources): Promise<ScoreModels> {
  const { scores, targets, labels, patients, groups, known } = sources;
  if (labels === undefined)
    throw new InputError('expected the names of the labels (labels) beside scores in an array, got none', {
      file: scores,
    });
  const samples = sources.samples === undefined ? undefined : await readIds(sources.samples, 'sample');
  const names = readNames(labels);
  const matrix = readMatrix(scores, names.length);
  const isArray = targets !== undefined && isNpy(targets);
  const table = {
    labels: names,
    scores: matrix,
    samples,
    ...(isArray && { targets: readMatrix(targets, names.length) }),
    ...(patients !== undefined && { patients: await readIds(patients, 'patient') }),
    ...(groups !== undefined && { groups: await readGroups(groups, matrix.length / names.length) }),
    sources: { scores, labels, targets, patients, samples: sources.samples, groups },
  };
  const elsewhere = targets !== undefined && !isArray ? await readTargets(targets) : known;
  return joinTargets([{ name: 'p', table }], elsewhere);
}

function isNpy(file: string): boolean {
  return /\.npy$/i.test(file);
}

/** All cells of a table. @throws {InputError} if a row has another number of them than the header. */
async function readCells(file: string): Promise<ScoreRows & { rows: string[][]; lines: number[] }> {
  const { header, each } = await openTable(file);
  const [rows, lines]: [string[][], number[]] = [[], []];
  await each(
    (cells, line) => {
      rows.push(cells);
      lines.push(line);
    },
    ({ row, expected, got }) => {
      throw new InputError(`expected ${expected}, as the header has, got ${got}`, { file, row });
    },
  );
  if (rows.length === 0) throw new InputError('expected a row for each sample, got a header alone', { file });
  return { file, header, rows, lines };
}

/** A table of targets by sample: a column a label, called `LABEL`, `y:LABEL` or `LABEL_true`. */
async function readTargets(file: string): Promise<KnownTargets> {
  return knownTargets(await readCells(file));
}

/** Ids, one a row: `.npy`, a text file with one a line, or a table with the column or with no other. */
async function readIds(file: string, role: 'sample' | 'patient'): Promise<string[]> {
  if (isNpy(file)) return readNpyIds(readBytes(file), file);
  if (/\.txt$/i.test(file))
    return readBytesAsText(file)
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '')
      .map((line) => line.trim());
  const { header, rows } = await readCells(file);
  const own = header.findIndex((name) => name.toLowerCase() === role);
  const known =
    columnsByRole({ file, header }).get(role === 'sample' ? 'image' : role) ?? (header.length === 1 ? 0 : -1);
  const at = own >= 0 ? own : known;
  if (at < 0)
    throw new InputError(`expected a column ${role}, or one column alone, got ${header.join(', ')}`, { file, row: 1 });
  return rows.map((cells) => idText(cells[at], header[at]));
}

/**
 * Reads the arrays that `evaluateScores` takes. Numbers are kept as they are, in float64, ids exactly.
 *
 * @throws {InputError} naming the file that is missing, of another kind or of another shape.
 */
export async function readScoreFiles(files: ScoreFiles): Promise<ScoreTable> {
  const labels = readNames(files.labels);
  const scores = readMatrix(files.scores, labels.length);
  const count = scores.length / labels.length;
  const { patients, groups, thresholds } = files;
  return {
    scores,
    targets: readMatrix(files.targets, labels.length),
    labels,
    ...(patients !== undefined && { patients: readNpyIds(readBytes(patients), patients) }),
    ...(groups !== undefined && { groups: await readGroups(groups, count) }),
    ...(thresholds !== undefined && { thresholds: readThresholds(thresholds) }),
    sources: { ...files },
  };
}

function readMatrix(file: string, labels: number): Float64Array {
  const { shape, data } = readNpy(readBytes(file), file);
  const isMatrix = (shape.length === 2 && shape[1] === labels) || (shape.length === 1 && labels === 1);
  if (!isMatrix)
    throw new InputError(
      `expected an array [samples, ${labels}], a column for each label, got [${shape.join(', ')}]; save it with a row a sample`,
      { file },
    );
  return Float64Array.from(data);
}

/** The label names; what they are is checked where they are used. */
function readNames(file: string): string[] {
  const content = readJson(file) as { labels?: unknown } | null;
  const names = Array.isArray(content) ? (content as unknown[]) : content?.labels;
  if (!Array.isArray(names) || names.length === 0)
    throw new InputError('expected a JSON list of label names, or an object with the list under "labels"', { file });
  return names as string[];
}

/** Thresholds by label. @throws {InputError} if a label stands twice. */
export function readThresholds(file: string): Record<string, number> {
  const thresholds = readJson(file);
  // JSON keeps the last of two equal keys; the text has both.
  const seen = new Set<string>();
  for (const [, key] of readBytesAsText(file).matchAll(/("(?:[^"\\]|\\.)*")\s*:/g)) {
    const name = JSON.parse(key) as string;
    if (seen.has(name))
      throw new InputError(`expected each label once, got ${JSON.stringify(name)} twice; remove one`, { file });
    seen.add(name);
  }
  return thresholds as Record<string, number>;
}

/** The attributes of the samples. @throws {InputError} if there is not a whole row for each. */
async function readGroups(file: string, samples: number): Promise<GroupColumns> {
  const { header, each } = await openTable(file);
  const badRows: BadRow[] = [];
  const rows: string[][] = [];
  await each(
    (cells) => rows.push(cells),
    (row) => badRows.push(row),
  );
  if (badRows.length > 0 || rows.length !== samples)
    throw new InputError(
      `expected a header and a whole row for each of ${samples} samples, got ${rows.length}${badRows.length > 0 ? ` and ${badRows.length} with another number of cells (the first in row ${badRows[0].row})` : ''}`,
      { file },
    );
  return tableGroups(header, rows);
}

function readBytesAsText(file: string): string {
  return new TextDecoder().decode(readBytes(file));
}

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new InputError(`expected a file, got ${(error as NodeJS.ErrnoException).code}; check the path`, { file });
  }
}
