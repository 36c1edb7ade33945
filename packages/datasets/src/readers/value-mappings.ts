import { InputError } from '@cxr-align/files';
import { comparableCell, readAge, readNumber } from '../columns/cell-values.js';
import type { Mapping } from '../mapping.js';
import type { Table } from '../table/table.js';
import type { RowValue } from './rows.js';

/** Where a column is that a mapping names. @throws {InputError} if it is not there. */
export function columnPlace({ file, header }: Table, column: string): number {
  const at = header.indexOf(column);
  if (at < 0)
    throw new InputError(
      `expected a column ${JSON.stringify(column)}, which the mapping names, got ${header.map((name) => JSON.stringify(name)).join(', ')}; correct the mapping`,
      { file, row: 1 },
    );
  return at;
}

/** The column of sexes of a mapping, with the words that it gives. */
export function sexColumn(given: Mapping['sex'], table: Table): RowValue<'F' | 'M'> | undefined {
  return typeof given === 'object'
    ? withWords(given.column, table, { F: given.F, M: given.M })
    : plainColumn<'F' | 'M'>(given, table);
}

/** The column of views. */
export function viewColumn(given: Mapping['view'], table: Table): RowValue<string> | undefined {
  if (typeof given !== 'object') return plainColumn<string>(given, table);
  const { column, AP, PA, frontal, lateral } = given;
  return withWords<string>(column, table, { AP, PA, frontal, lateral });
}

const perYear = { years: 1, months: 12, weeks: 52, days: 365 } as const;

/** The column of ages: plain numbers are of the mapping's unit, and its words have the years that it gives. */
export function ageColumn(given: Mapping['age'], table: Table): RowValue<number> | undefined {
  if (typeof given !== 'object') return plainColumn<number>(given, table);
  const { column, unit, years } = given;
  const known = new Map(Object.entries(years).map(([word, value]) => [comparableCell(word), value]));
  return {
    ...plainColumn<number>(column, table)!,
    meaning: (text) =>
      known.get(comparableCell(text)) ??
      (unit === 'years' || Number.isNaN(readNumber(text)) ? readAge(text) : ageOf(readNumber(text), unit)),
  };
}

function ageOf(value: number, unit: keyof typeof perYear): number | undefined {
  const years = value / perYear[unit];
  return years >= 0 && years <= 120 ? years : undefined;
}

function plainColumn<Value>(name: string | undefined, table: Table): RowValue<Value> | undefined {
  if (name === undefined) return undefined;
  const at = columnPlace(table, name);
  return { name, of: (cells) => cells[at] };
}

function withWords<Value extends string>(
  column: string,
  table: Table,
  words: Readonly<Record<Value, readonly string[]>>,
): RowValue<Value> {
  const known = new Map(
    (Object.keys(words) as Value[]).flatMap((value) =>
      words[value].map((word): [string, Value] => [comparableCell(word), value]),
    ),
  );
  return { ...plainColumn<Value>(column, table)!, meaning: (text) => known.get(comparableCell(text)) };
}
