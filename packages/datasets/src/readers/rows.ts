import { ageCell, BadCell, filledCell, imageCell, readSex, readSplit, showCell } from '../cells.js';
import type { Split } from '../dataset.js';
import type { Table } from '../table.js';
import type { DatasetBuilder } from './reader.js';

/** Reads a text out of a row; its name is that of the column, for messages. */
export interface RowText {
  name: string;
  of: (cells: readonly string[]) => string;
}

/** What is read from each row of a table. */
export interface RowReader {
  image: RowText;
  /** The name in results; that of the image unless given. */
  sample?: RowText;
  patient?: RowText;
  study?: RowText;
  sex?: RowText;
  age?: RowText;
  view?: RowText;
  /** Or the split of all rows. */
  split: RowText | Split;
  /** A label below which zeros mean "not known". */
  unspecified?: RowText;
  /** Writes the label cells of a row, in the builder's label order. @throws {BadCell} */
  labels: (cells: readonly string[], values: Float32Array) => void;
}

/** Adds the rows of a table. @param folder the image names start there. */
export async function addTableRows(
  builder: DatasetBuilder,
  table: Table,
  reader: RowReader,
  { folder, parents = new Map() }: { folder: string; parents?: ReadonlyMap<string, string> },
): Promise<void> {
  const values = new Float32Array(builder.labels.length);
  const below = belowLabel(builder.labels, parents);
  await builder.addRows(table, (cells) => {
    const text = (of: RowText | undefined): string => of?.of(cells).trim() ?? '';
    const { image, age, split } = reader;
    const name = filledCell(text(image), image.name, 'a file name');
    const id = text(reader.sample) || name;
    reader.labels(cells, values);
    const years = age && ageCell(text(age), age.name);
    const part = typeof split === 'string' ? split : readSplit(text(split));
    if (part === undefined)
      throw new BadCell((split as RowText).name, 'train, val or test', showCell(text(split as RowText)));
    const stop = text(reader.unspecified);
    if (stop !== '') for (const at of below(stop)) if (values[at] === 0) values[at] = -1;
    builder.add(
      {
        id,
        image: imageCell(name, image.name, folder),
        patient: text(reader.patient) || id,
        study: text(reader.study) || id,
        split: part,
        sex: readSex(text(reader.sex)),
        ...(years !== undefined && { age: years }),
        view: text(reader.view) || undefined,
      },
      values,
    );
  });
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
