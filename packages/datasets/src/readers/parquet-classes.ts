import { InputError } from '@cxr-align/files';
import { plainWord } from '../columns/cell-values.js';
import { columnsByRole, isNoLabel, type GivenColumns } from '../columns/column-roles.js';
import { mostTexts } from '../columns/column-survey.js';
import cellWords from '../data/cell-words.json' with { type: 'json' };
import { cellText, eachParquetRow } from '../table/parquet-table.js';
import type { Table } from '../table/table.js';
import { imageName, type Shard } from './parquet-shards.js';

/** The table's columns that a column of the file becomes, and their cells. */
interface SpreadColumn {
  names: string[];
  /** True of labels by what the file states about them. */
  areClasses: boolean;
  cells: (value: unknown) => string[];
}

/**
 * Shards as tables: the image is the name of its place in the file, a column of classes becomes a column of 0 and 1 for each, a
 * list of names likewise; a class that is a role (sex, view), or no label by its column's name, becomes its name.
 *
 * @returns classes: the columns that are labels whatever they hold; remarks: the columns of the file that they come from.
 * @throws {InputError} if a class is a column, too.
 */
export async function spreadClasses(
  shards: readonly Shard[],
  root: string,
  given: GivenColumns & { image: string },
): Promise<{ tables: Table[]; classes: string[]; remarks: string[] }> {
  const [{ image, header, features, file }] = shards;
  const others = header.filter((name) => name !== image);
  const roles = new Set([...columnsByRole({ file, header }, given).values()].map((at) => header[at]));
  const lists = await listedNames(
    shards,
    others.filter((name) => classesOf(features[name]) === undefined),
  );
  const spread = new Map(
    others.map((name): [string, SpreadColumn] => {
      const classes = classesOf(features[name]);
      const isText = roles.has(name) || isNoLabel(name);
      if (classes) return [name, isText ? namedColumn(name, classes) : classColumns(name, classes)];
      const found = lists.get(name);
      return [name, found && !isText ? listColumns(found) : plainColumn(name)];
    }),
  );
  const ofClasses = others.filter((name) => spread.get(name)!.areClasses);
  const names = [image, ...others.flatMap((name) => spread.get(name)!.names)];
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined)
    throw new InputError(`expected each label once, got ${JSON.stringify(twice)} twice; rename or remove a column`, {
      file,
    });
  return {
    tables: shards.map((shard) => ({
      file: shard.file,
      header: names,
      each: (onRow) =>
        eachParquetRow(shard.file, others, (row, line) =>
          onRow(
            [imageName(shard, root, line - 2), ...others.flatMap((name) => spread.get(name)!.cells(row[name]))],
            line,
          ),
        ),
    })),
    classes: ofClasses.flatMap((name) => spread.get(name)!.names),
    remarks: ofClasses.map(
      (name) => `labels of the column ${JSON.stringify(name)}: ${spread.get(name)!.names.join(', ')}`,
    ),
  };
}

/** The names of a ClassLabel, or of a list of them, in the words of the library's versions. */
function classesOf(feature: unknown): string[] | undefined {
  const one = (Array.isArray(feature) ? feature[0] : feature) as
    { _type?: string; names?: unknown; feature?: unknown } | undefined;
  if (one?._type === 'ClassLabel' && Array.isArray(one.names)) return one.names as string[];
  return one?.feature === undefined ? undefined : classesOf(one.feature);
}

function plainColumn(name: string): SpreadColumn {
  return { names: [name], areClasses: false, cells: (value) => [cellText(value)] };
}

/** −1 is no class. */
function className(value: unknown, classes: readonly string[]): string {
  return value === null || value === undefined || Number(value) === -1
    ? ''
    : (classes[Number(value)] ?? cellText(value));
}

function namedColumn(name: string, classes: readonly string[]): SpreadColumn {
  const text = (value: unknown): string =>
    Array.isArray(value) ? value.map((one) => className(one, classes)).join(', ') : className(value, classes);
  return { names: [name], areClasses: false, cells: (value) => [text(value)] };
}

const present = new Set([...cellWords.label.present, '1']);
const absent = new Set([...cellWords.label.absent, '0']);

function classColumns(name: string, classes: string[]): SpreadColumn {
  const words = classes.map(plainWord);
  const isYes = words.map((word) => present.has(word));
  // Of "no" and "yes" the column itself is the label.
  if (words.length === 2 && isYes.filter(Boolean).length === 1 && words.some((word) => absent.has(word)))
    return {
      names: [name],
      areClasses: true,
      cells: (value) => [isClass(value, classes) ? String(Number(isYes[Number(value)])) : className(value, classes)],
    };
  return {
    names: classes,
    areClasses: true,
    cells: (value) => {
      if (!Array.isArray(value)) {
        if (isClass(value, classes)) return classes.map((_, at) => String(Number(at === Number(value))));
        return classes.map(() => className(value, classes));
      }
      const wrong = value.find((one) => !isClass(one, classes));
      if (wrong !== undefined) return classes.map(() => cellText(wrong));
      const held = new Set(value.map(Number));
      return classes.map((_, at) => String(Number(held.has(at))));
    },
  };
}

function isClass(value: unknown, classes: readonly string[]): boolean {
  return (
    value !== null && value !== undefined && Number.isInteger(Number(value)) && classes[Number(value)] !== undefined
  );
}

function listColumns(names: string[]): SpreadColumn {
  return {
    names,
    areClasses: true,
    cells: (value) => names.map((name) => (Array.isArray(value) ? String(Number(value.includes(name))) : '')),
  };
}

/** Columns that hold lists of names, with the names in alphabetical order. */
async function listedNames(shards: readonly Shard[], columns: readonly string[]): Promise<Map<string, string[]>> {
  const found = new Map<string, Set<string>>();
  const others = new Set<string>();
  for (const { file } of shards)
    await eachParquetRow(file, columns, (row) => {
      for (const name of columns) {
        const value = row[name];
        if (value === null || value === undefined || others.has(name)) continue;
        const texts = found.get(name) ?? new Set<string>();
        if (!Array.isArray(value) || value.some((one) => typeof one !== 'string') || texts.size > mostTexts) {
          others.add(name);
          found.delete(name);
          continue;
        }
        for (const text of value as string[]) texts.add(text);
        found.set(name, texts);
      }
    });
  return new Map([...found].filter(([, texts]) => texts.size > 0).map(([name, texts]) => [name, [...texts].sort()]));
}
