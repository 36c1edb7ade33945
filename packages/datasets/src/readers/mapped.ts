import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InputError } from '@cxr-align/files';
import { AnnotationError, showCell } from '../annotation-error.js';
import { comparableCell, isBlank, labelCell } from '../columns/cell-values.js';
import { listedFindings } from '../columns/finding-lists.js';
import { evenRows } from '../columns/column-survey.js';
import { mappingFile, readMapping, type Mapping } from '../mapping.js';
import { openTable } from '../table/open-table.js';
import type { Table } from '../table/table.js';
import { columnRoles, noPatientRemark } from '../columns/column-roles.js';
import { DatasetBuilder } from './dataset-builder.js';
import { locateImages } from './image-roots.js';
import { type DatasetReader } from './reader.js';
import { addTableRows, type RowReader, type RowText } from './rows.js';
import { ageColumn, columnPlace, sexColumn, viewColumn } from './value-mappings.js';

/** Any table with a mapping file, `dataset.yaml`, that names its columns. */
export const mappedReader: DatasetReader = {
  format: 'mapping',
  description: 'dataset.yaml, a mapping of columns',
  columnRoles,
  detect: async (path) => {
    const file = mappingFile(path);
    return file && `${file === path ? path : file.slice(path.length + 1)} is a mapping`;
  },
  read: async (path, { images, columns }) => {
    const file = mappingFile(path)!;
    const folder = dirname(file);
    const mapping = { ...readMapping(file), ...columns };
    const table = await openTable(join(folder, mapping.table));
    const { labels, columns: labelColumns, read } = labelReader(mapping, table);
    const builder = new DatasetBuilder(labels);
    const text = (of: string | undefined): RowText | undefined => (of === undefined ? undefined : rowText(of, table));
    const image = rowText(mapping.image, table);
    const locator = await locateImages(
      images ?? resolve(folder, mapping.images ?? '.'),
      (await evenRows(table)).map((cells) => image.of(cells)).filter((name) => name.trim() !== ''),
      { looksWithin: false },
    );
    useColumns(builder, table, mapping, labelColumns);
    await addTableRows(
      builder,
      table,
      {
        image,
        sample: text(mapping.sample),
        patient: text(mapping.patient),
        study: text(mapping.study),
        sex: sexColumn(mapping.sex, table),
        age: ageColumn(mapping.age, table),
        view: viewColumn(mapping.view, table),
        split: text(mapping.split) ?? 'train',
        unspecified: text(mapping.unspecified),
        labels: read,
      },
      { imagePath: locator.path },
    );
    builder.remarks.push(...locator.remarks());
    const graph = mapping.graph === undefined ? undefined : join(folder, mapping.graph);
    const found = builder.result(folder, {
      hasOwnSplits: mapping.split !== undefined,
      ...(graph !== undefined && { hierarchy: { file: graph, text: readGraph(graph) } }),
    });
    return { ...found, name: mapping.name ?? found.name };
  },
};

function useColumns(builder: DatasetBuilder, table: Table, mapping: Mapping, labelColumns: readonly string[]): void {
  const { image, sample, patient, study, sex, age, view, split, unspecified } = mapping;
  const name = (of: string | { column: string } | undefined): string | undefined =>
    typeof of === 'object' ? of.column : of;
  builder.useColumns(
    table,
    { image, sample, patient, study, sex: name(sex), age: name(age), view: name(view), split, unspecified },
    labelColumns,
  );
  if (patient === undefined) builder.remarks.push(noPatientRemark(builder.unusedColumns()));
}

function readGraph(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new InputError(`expected a label graph, got ${(error as NodeJS.ErrnoException).code}; check graph`, { file });
  }
}

/** A column's text, or that of a template such as `{folder}/{name}.png`. */
function rowText(of: string, table: Table): RowText {
  if (!/\{[^{}]+\}/.test(of)) {
    const at = columnPlace(table, of);
    return { name: of, of: (cells) => cells[at] };
  }
  const parts = of.split(/\{([^{}]+)\}/).map((part, i) => (i % 2 === 0 ? part : columnPlace(table, part)));
  return {
    name: of,
    of: (cells) => parts.map((part) => (typeof part === 'string' ? part : cells[part].trim())).join(''),
  };
}

interface LabelReader {
  labels: string[];
  /** Columns that they are read from. */
  columns: string[];
  read: RowReader['labels'];
}

function labelReader({ labels, findings }: Mapping, table: Table): LabelReader {
  return findings ? findingsReader(findings, table) : columnsReader(labels!, table);
}

function columnsReader(given: NonNullable<Mapping['labels']>, table: Table): LabelReader {
  const entries: [string, Exclude<typeof given, string[]>[string]][] = Array.isArray(given)
    ? given.map((name) => [name, name])
    : Object.entries(given);
  const readers = entries.map(([, spec]): ((cells: readonly string[]) => number) => {
    if (typeof spec === 'string') {
      const at = columnPlace(table, spec);
      return (cells) => labelCell(cells[at], spec);
    }
    const at = columnPlace(table, spec.column);
    const known = (texts: readonly string[], value: number): [string, number][] =>
      texts.map((text) => [comparableCell(text), value]);
    const values = new Map<string, number>([
      ...known(spec.blank, NaN),
      ...known(spec.present, 1),
      ...known(spec.absent, 0),
      ...known(spec.uncertain, -1),
    ]);
    return (cells) => {
      const value = values.get(comparableCell(cells[at]));
      if (value !== undefined) return value;
      if (isBlank(cells[at])) return NaN;
      throw new AnnotationError(spec.column, [...values.keys()].filter(Boolean).join(', '), showCell(cells[at]));
    };
  });
  return {
    labels: entries.map(([label]) => label),
    columns: entries.map(([, spec]) => (typeof spec === 'string' ? spec : spec.column)),
    read: (cells, values) => readers.forEach((reader, i) => (values[i] = reader(cells))),
  };
}

function findingsReader(findings: NonNullable<Mapping['findings']>, table: Table): LabelReader {
  const at = columnPlace(table, findings.column);
  const entries: [string, string[]][] = Array.isArray(findings.labels)
    ? findings.labels.map((label) => [label, [label]])
    : Object.entries(findings.labels);
  const labelOf = new Map<string, number[]>();
  entries.forEach(([, names], i) => {
    for (const name of names) labelOf.set(name.toLowerCase(), [...(labelOf.get(name.toLowerCase()) ?? []), i]);
  });
  const none = new Set(findings.none.map((text) => text.toLowerCase()));
  return {
    labels: entries.map(([label]) => label),
    columns: [findings.column],
    read: (cells, values) => {
      values.fill(0);
      const found =
        isBlank(cells[at]) && !none.has(cells[at].trim().toLowerCase())
          ? undefined
          : listedFindings(cells[at], findings.separator).map((name) => name.toLowerCase());
      if (found === undefined) {
        // Nothing is known, which is not the same as nothing found.
        values.fill(NaN);
        return;
      }
      for (const name of found) {
        const places = labelOf.get(name);
        if (places) places.forEach((i) => (values[i] = 1));
        else if (!none.has(name) && findings.other === 'refuse')
          throw new AnnotationError(
            findings.column,
            `${[...none].join(', ')} or some of ${entries.map(([label]) => label).join(', ')}`,
            showCell(name),
          );
      }
    },
  };
}
