import { idText, isBlank, readLabelCell, readNumber } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { scoreColumns, type GivenScoreColumns, type ScoreColumns } from './score-columns.js';
import type { ScoreTable } from './score-table.js';

/** The scores of one model, as `evaluateScores` takes them. */
export interface ScoreModel {
  /** As the columns have it; `p` where there is one model alone. */
  name: string;
  table: ScoreTable;
}

/** Scores of one model or more on the same samples. */
export interface ScoreModels {
  models: ScoreModel[];
  /** What was assumed, and what was left out. */
  remarks: string[];
}

/** Rows of cells, and which columns they have. */
export interface ScoreRows {
  header: readonly string[];
  rows: readonly (readonly string[])[];
  /** Line of each row in its file, for errors; counted from 2 unless given. */
  lines?: readonly number[];
  /** Where the rows are from, for errors. Default `rows`. */
  file?: string;
  /** Columns by role: `sample`, `patient`, `split`, `y:LABEL`, `p:LABEL`, `MODEL:LABEL`. By their names unless given. */
  columns?: GivenScoreColumns;
  /** The labels, in their order. All that columns have unless given. */
  labels?: readonly string[];
  /** Only rows of this split, where the table has a column of it. */
  split?: string;
}

/** Targets that lie elsewhere: in another table, or in a data set. */
export interface KnownTargets {
  /** What they are of, for remarks. */
  name: string;
  labels: readonly string[];
  samples: readonly string[];
  patients?: readonly string[];
  /** [samples, labels] row by row: 1, 0, NaN. */
  targets: ArrayLike<number>;
}

/**
 * The scores in a table's rows: samples, patients and targets beside the scores of one model or several, found by the names of the
 * columns (see `scoreColumns`).
 *
 * @param known targets of samples by their names, where the table has none.
 * @throws {InputError} naming row and column where a cell is not what it should be, or a sample stands twice.
 */
export function scoreModels(given: ScoreRows, known?: KnownTargets): ScoreModels {
  const { file = 'rows', header, columns, labels } = given;
  const places = scoreColumns(header, { file, columns, labels });
  const { rows, lines, remarks } = rowsOfSplit(given, places);
  const at = (row: number, column: number) => ({ file, row: lines[row], column: header[column] });
  const ids = (column: number | undefined): string[] | undefined =>
    column === undefined ? undefined : rows.map((cells, row) => idOf(cells[column], at(row, column)));
  const samples = ids(places.sample);
  refuseDoubles(samples, (row) => at(row, places.sample!));
  const numbers = (wanted: readonly number[], read: (cell: string, place: Place) => number): Float64Array =>
    Float64Array.from(rows.flatMap((cells, row) => wanted.map((column) => read(cells[column], at(row, column)))));
  const base = {
    labels: places.labels,
    samples,
    patients: ids(places.patient),
    targets: places.targets && numbers(places.targets, targetOf),
    sources: { scores: file, targets: file, patients: file, samples: file },
  };
  const tables = places.models.map(({ name, scores, ranks }) => ({
    name,
    table: { ...base, scores: numbers(scores, scoreOf), ...(ranks && { ranks: numbers(ranks, scoreOf) }) },
  }));
  const joined = joinTargets(tables, known);
  const all = [...remarks, ...joined.remarks];
  if (joined.models[0].table.patients === undefined)
    all.push('no column of patients was found: each sample counts as a patient of its own');
  return { models: joined.models, remarks: all };
}

/** The targets in a table's rows: a column a label, called `LABEL`, `y:LABEL` or `LABEL_true`. @throws {InputError} as `scoreModels`. */
export function knownTargets({ file = 'rows', header, rows, lines, columns }: ScoreRows): KnownTargets {
  const plain = header.map((name) => name.replace(/^y:|_(true|target|truth)$/g, ''));
  const { sample, patient, labels, models } = scoreColumns(plain, { file, columns });
  if (sample === undefined)
    throw new InputError(`expected a column of samples beside targets, got ${header.join(', ')}; call it sample`, {
      file,
      row: 1,
    });
  const at = (row: number, column: number) => ({ file, row: lines?.[row] ?? row + 2, column: header[column] });
  const ids = (column: number): string[] => rows.map((cells, row) => idOf(cells[column], at(row, column)));
  const samples = ids(sample);
  refuseDoubles(samples, (row) => at(row, sample));
  const targets = rows.flatMap((cells, row) =>
    models[0].scores.map((column) => targetOf(cells[column], at(row, column))),
  );
  return { name: file, labels, samples, targets, ...(patient !== undefined && { patients: ids(patient) }) };
}

/** Scores whose targets may still be missing. */
export interface OpenModel {
  name: string;
  table: Omit<ScoreTable, 'targets'> & { targets?: ScoreTable['targets'] };
}

/**
 * Adds targets, and patients where there are none, to scores by the names of the samples: exactly, else by the end of a path that
 * only one sample has. Scores without targets, and samples without scores, are counted and named.
 *
 * @throws {InputError} if neither has targets, the scores have no names, or no sample or label is in both.
 */
export function joinTargets(models: readonly OpenModel[], known?: KnownTargets): ScoreModels {
  const [{ table: first }] = models;
  const source = first.sources?.scores ?? 'scores';
  if (!known) {
    if (first.targets === undefined)
      throw new InputError(
        'expected targets beside the scores, in a table of their own, or in a data set, got none; give columns such as y:Edema or Edema_true, a table (targets) or a data set (data)',
        { file: source },
      );
    return { models: models as ScoreModel[], remarks: [] };
  }
  if (first.samples === undefined)
    throw new InputError(
      `expected names of the samples to find their targets in ${known.name} by, got none; add a column sample, or name it (column)`,
      { file: source },
    );
  const places = first.samples.map(finder(known.samples));
  const kept = places.flatMap((place, row) => (place === undefined ? [] : [row]));
  if (kept.length === 0)
    throw new InputError(
      `expected samples of ${known.name} (such as ${known.samples[0] ?? 'none'}), got none of them (such as ${first.samples[0] ?? 'none'}); name them alike`,
      { file: source },
    );
  const labels = first.labels.filter((label) => columnIn(known.labels, label) >= 0);
  if (labels.length === 0)
    throw new InputError(
      `expected labels of ${known.name} (${known.labels.join(', ')}), got ${first.labels.join(', ')}; name the columns alike`,
      { file: source },
    );
  const of = labels.map((label) => columnIn(known.labels, label));
  const targets = kept.flatMap((row) => of.map((column) => known.targets[places[row]! * known.labels.length + column]));
  const { patients = known.patients && places.map((place) => known.patients![place ?? 0]) } = first;
  const remarks = joinRemarks(first, known, { places, labels });
  return {
    remarks,
    models: models.map(({ name, table }) => ({
      name,
      table: {
        ...table,
        labels,
        targets,
        samples: kept.map((row) => known.samples[places[row]!]),
        ...(patients && { patients: kept.map((row) => patients[row]) }),
        scores: selected(table.scores as ArrayLike<number>, table.labels, { kept, labels }),
        ...(table.ranks && { ranks: selected(table.ranks as ArrayLike<number>, table.labels, { kept, labels }) }),
      },
    })),
  };
}

interface Place {
  file: string;
  row: number;
  column: string;
}

function joinRemarks(
  { samples = [], labels: all }: OpenModel['table'],
  known: KnownTargets,
  { places, labels }: { places: readonly (number | undefined)[]; labels: readonly string[] },
): string[] {
  const lost = samples.filter((_, row) => places[row] === undefined);
  const used = new Set(places);
  const without = known.samples.filter((_, place) => !used.has(place));
  const left = all.filter((label) => !labels.includes(label));
  return [
    ...(lost.length > 0
      ? [
          `${lost.length} of ${samples.length} scored samples are not in ${known.name} and were left out (the first is ${lost[0]})`,
        ]
      : []),
    ...(without.length > 0
      ? [
          `${without.length} of ${known.samples.length} samples of ${known.name} have no score (the first is ${without[0]})`,
        ]
      : []),
    ...(left.length > 0 ? [`${known.name} has no targets of ${left.join(', ')}, which were left out`] : []),
  ];
}

/** Finds a sample by its name: as it is, else by its file name, else by that without its ending, where only one has it. */
function finder(samples: readonly string[]): (name: string) => number | undefined {
  const file = (name: string): string => name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
  const stem = (name: string): string => file(name).replace(/\.[a-z0-9]{1,5}$/i, '');
  const maps = [(name: string) => name, file, stem].map((keyOf) => {
    const places = new Map<string, number | undefined>();
    samples.forEach((name, place) => places.set(keyOf(name), places.has(keyOf(name)) ? undefined : place));
    return (name: string) => places.get(keyOf(name));
  });
  return (name) => maps[0](name) ?? maps[1](name) ?? maps[2](name);
}

function columnIn(labels: readonly string[], label: string): number {
  const plain = (text: string): string =>
    text
      .toLowerCase()
      .replace(/[\s_-]+/g, ' ')
      .trim();
  const exact = labels.indexOf(label);
  return exact >= 0 ? exact : labels.findIndex((one) => plain(one) === plain(label));
}

function selected(
  values: ArrayLike<number>,
  from: readonly string[],
  { kept, labels }: { kept: readonly number[]; labels: readonly string[] },
): Float64Array {
  const columns = labels.map((label) => from.indexOf(label));
  return Float64Array.from(kept.flatMap((row) => columns.map((column) => values[row * from.length + column])));
}

function rowsOfSplit(
  { rows, lines = rows.map((_, row) => row + 2), split, file = 'rows' }: ScoreRows,
  { split: column }: ScoreColumns,
): { rows: readonly (readonly string[])[]; lines: readonly number[]; remarks: string[] } {
  if (column === undefined) return { rows, lines, remarks: [] };
  const names = [...new Set(rows.map((cells) => cells[column].trim()))];
  if (split === undefined)
    return {
      rows,
      lines,
      remarks: names.length > 1 ? [`samples of all splits (${names.join(', ')}) were evaluated together`] : [],
    };
  const kept = [...rows.keys()].filter((row) => rows[row][column].trim() === split);
  if (kept.length === 0)
    throw new InputError(`expected rows of split ${split}, got those of ${names.join(', ')}; choose one of them`, {
      file,
    });
  return { rows: kept.map((row) => rows[row]), lines: kept.map((row) => lines[row]), remarks: [] };
}

function refuseDoubles(samples: readonly string[] | undefined, placeOf: (row: number) => Place): void {
  const seen = new Set<string>();
  for (const [row, id] of (samples ?? []).entries()) {
    if (seen.has(id))
      throw new InputError(
        `expected each sample once, got ${JSON.stringify(id)} twice; keep one row of it`,
        placeOf(row),
      );
    seen.add(id);
  }
}

function idOf(cell: string, place: Place): string {
  const id = idText(cell, place.column);
  if (id === '') throw new InputError('expected an id, got a blank', place);
  return id;
}

function scoreOf(cell: string, place: Place): number {
  const score = readNumber(cell);
  if (!Number.isFinite(score))
    throw new InputError(
      `expected a finite score, got ${isBlank(cell) ? 'a blank' : JSON.stringify(cell)}; leave such samples out`,
      place,
    );
  return score;
}

function targetOf(cell: string, place: Place): number {
  const word = cell.trim().toLowerCase();
  const value = word === 'true' ? 1 : word === 'false' ? 0 : readLabelCell(cell);
  if (value === undefined)
    throw new InputError(`expected a target of 1, 0, -1 or blank, got ${JSON.stringify(cell)}`, place);
  return value < 0 ? NaN : value;
}
