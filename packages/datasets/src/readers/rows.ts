import { AnnotationError, showCell } from '../annotation-error.js';
import { filledCell, idText, isBlank, plainWord, readAge, readSex, readSplit } from '../columns/cell-values.js';
import type { Split } from '../dataset.js';
import type { Table } from '../table/table.js';
import type { DatasetBuilder } from './dataset-builder.js';

/** Reads a text out of a row; its name is that of the column, for messages. */
export interface RowText {
  name: string;
  of: (cells: readonly string[]) => string;
}

/** A text whose words have values that a mapping gives; without them those of {@link readSex} and the like. */
export interface RowValue<Value> extends RowText {
  meaning?: (text: string) => Value | undefined;
}

/** What is read from each row of a table. */
export interface RowReader {
  image: RowText;
  /** The name in results; that of the image unless given. */
  sample?: RowText;
  patient?: RowText;
  study?: RowText;
  sex?: RowValue<'F' | 'M'>;
  age?: RowValue<number>;
  view?: RowValue<string>;
  /** Or the split of all rows. */
  split: RowText | Split;
  /** A label below which zeros mean "not known". */
  unspecified?: RowText;
  /** Writes the annotations of a row, in the builder's label order. @throws {AnnotationError} */
  labels: (cells: readonly string[], values: Float32Array) => void;
}

/** Where the images of a table are. */
export interface RowPlaces {
  /** The path of an image by its name in the table. @throws {AnnotationError} */
  imagePath: (name: string, column: string) => string;
  parents?: ReadonlyMap<string, string>;
}

/**
 * Adds the rows of a table. A row whose label, image, id or split cannot be read is bad; a sex or an age that cannot be
 * read is missing, and counted in the remarks.
 */
export async function addTableRows(
  builder: DatasetBuilder,
  table: Table,
  reader: RowReader,
  { imagePath, parents = new Map() }: RowPlaces,
): Promise<void> {
  const values = new Float32Array(builder.labels.length);
  const below = belowLabel(builder.labels, parents);
  const text = (of: RowText | undefined, cells: readonly string[]): string => {
    const cell = of?.of(cells).trim() ?? '';
    return isBlank(cell) ? '' : cell;
  };
  const id = (of: RowText | undefined, cells: readonly string[]): string => (of ? idText(of.of(cells), of.name) : '');
  const valued = <Value>(
    of: RowValue<Value> | undefined,
    cells: readonly string[],
    what: string,
    usual: (text: string) => Value | undefined,
  ): Value | undefined => {
    const cell = text(of, cells);
    if (!of || cell === '') return undefined;
    const value = (of.meaning ?? usual)(cell);
    if (value === undefined) builder.unread(of.name, what, cell);
    return value;
  };
  const readSexes = sexReader(builder, reader.sex);
  await builder.addRows(table, (cells) => {
    const { image, split } = reader;
    const name = filledCell(text(image, cells), image.name, 'a file name');
    const sample = text(reader.sample, cells) || name;
    reader.labels(cells, values);
    const part = typeof split === 'string' ? split : readSplit(text(split, cells));
    if (part === undefined)
      throw new AnnotationError((split as RowText).name, 'train, val or test', showCell(text(split as RowText, cells)));
    const stop = text(reader.unspecified, cells);
    if (stop !== '') for (const at of below(stop)) if (values[at] === 0) values[at] = -1;
    const age = valued(reader.age, cells, 'age', readAge);
    builder.add(
      {
        id: sample,
        image: imagePath(name, image.name),
        patient: id(reader.patient, cells) || sample,
        study: id(reader.study, cells) || sample,
        split: part,
        sex: valued(reader.sex, cells, 'sex', readSexes.read),
        ...(age !== undefined && { age }),
        view: valued(reader.view, cells, 'view', (view) => view),
      },
      values,
    );
  });
  readSexes.finish();
}

/**
 * Reads the words of a column of sexes. Where it has H (hombre, homme) and M but no F, M may be mujer: then no M is read.
 */
function sexReader(
  builder: DatasetBuilder,
  column: RowText | undefined,
): { read: (text: string) => 'F' | 'M' | undefined; finish: () => void } {
  const letters = new Set<string>();
  return {
    read: (text) => {
      const word = plainWord(text);
      if (word.length === 1) letters.add(word);
      return readSex(text);
    },
    finish: () => {
      if (!letters.has('h') || !letters.has('m') || letters.has('f')) return;
      // The letters themselves are gone: of a column with both, no sex is kept.
      for (const sample of builder.samples) delete sample.sex;
      builder.remarks.push(
        `warning: the column ${JSON.stringify(column?.name)} has H and M, but no F: M may mean mujer or masculin, so no sex was read; give the meaning in dataset.yaml (sex: { column: …, F: [M], M: [H] })`,
      );
    },
  };
}

/** The labels below one, by place: `Pneumonia/Viral` is below `Pneumonia`, too. */
function belowLabel(labels: readonly string[], parents: ReadonlyMap<string, string>): (node: string) => number[] {
  const known = new Map<string, number[]>();
  return (node) => {
    const places =
      known.get(node) ??
      labels.flatMap((label, at) => {
        if (label.startsWith(`${node}/`)) return [at];
        for (let above = parents.get(label); above !== undefined; above = parents.get(above))
          if (above === node) return [at];
        return [];
      });
    known.set(node, places);
    return places;
  };
}
