import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InputError } from '@cxr-align/files';
import { BadCell, labelCell, showCell } from '../cells.js';
import { mappingFile, readMapping, type Mapping } from '../mapping.js';
import { openTable, type Table } from '../table.js';
import { DatasetBuilder, type DatasetReader } from './reader.js';
import { addTableRows, type RowReader, type RowText } from './rows.js';

/** Any table with a mapping file, `dataset.yaml`, that says what its columns are. */
export const mappedReader: DatasetReader = {
  format: 'mapping',
  looksFor: 'dataset.yaml, a mapping (cxr-align data init drafts one)',
  recognize: async (path) => {
    const file = mappingFile(path);
    return file && `${file === path ? path : file.slice(path.length + 1)} is a mapping`;
  },
  read: async (path, { images }) => {
    const file = mappingFile(path)!;
    const folder = dirname(file);
    const mapping = readMapping(file);
    const table = await openTable(join(folder, mapping.table));
    const { labels, read } = labelReader(mapping, table);
    const builder = new DatasetBuilder(labels);
    const text = (of: string | undefined): RowText | undefined => (of === undefined ? undefined : rowText(of, table));
    await addTableRows(
      builder,
      table,
      {
        image: rowText(mapping.image, table),
        sample: text(mapping.sample),
        patient: text(mapping.patient),
        study: text(mapping.study),
        sex: text(mapping.sex),
        age: text(mapping.age),
        view: text(mapping.view),
        split: text(mapping.split) ?? 'train',
        unspecified: text(mapping.unspecified),
        labels: read,
      },
      { folder: images ?? resolve(folder, mapping.images ?? '.') },
    );
    const graph = mapping.graph === undefined ? undefined : join(folder, mapping.graph);
    const found = builder.result(folder, {
      hasOwnSplits: mapping.split !== undefined,
      ...(graph !== undefined && { hierarchy: { file: graph, text: readGraph(graph) } }),
    });
    return { ...found, name: mapping.name ?? found.name };
  },
};

function readGraph(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new InputError(`expected a label graph, got ${(error as NodeJS.ErrnoException).code}; check graph`, { file });
  }
}

function place({ file, header }: Table, column: string): number {
  const at = header.indexOf(column);
  if (at < 0)
    throw new InputError(
      `expected a column ${JSON.stringify(column)}, which the mapping names, got ${header.map((name) => JSON.stringify(name)).join(', ')}`,
      { file, row: 1 },
    );
  return at;
}

/** A column's text, or that of a template such as `{folder}/{name}.png`. */
function rowText(of: string, table: Table): RowText {
  if (!/\{[^{}]+\}/.test(of)) {
    const at = place(table, of);
    return { name: of, of: (cells) => cells[at] };
  }
  const parts = of.split(/\{([^{}]+)\}/).map((part, i) => (i % 2 === 0 ? part : place(table, part)));
  return {
    name: of,
    of: (cells) => parts.map((part) => (typeof part === 'string' ? part : cells[part].trim())).join(''),
  };
}

interface LabelReader {
  labels: string[];
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
      const at = place(table, spec);
      return (cells) => labelCell(cells[at], spec);
    }
    const at = place(table, spec.column);
    const values = new Map<string, number>([
      ['', NaN],
      ...spec.blank.map((text): [string, number] => [text.toLowerCase(), NaN]),
      ...spec.present.map((text): [string, number] => [text.toLowerCase(), 1]),
      ...spec.absent.map((text): [string, number] => [text.toLowerCase(), 0]),
      ...spec.uncertain.map((text): [string, number] => [text.toLowerCase(), -1]),
    ]);
    return (cells) => {
      const value = values.get(cells[at].trim().toLowerCase());
      if (value === undefined)
        throw new BadCell(spec.column, [...values.keys()].filter(Boolean).join(', '), showCell(cells[at]));
      return value;
    };
  });
  return {
    labels: entries.map(([label]) => label),
    read: (cells, values) => readers.forEach((reader, i) => (values[i] = reader(cells))),
  };
}

function findingsReader(findings: NonNullable<Mapping['findings']>, table: Table): LabelReader {
  const at = place(table, findings.column);
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
    read: (cells, values) => {
      values.fill(0);
      const found = cells[at]
        .split(findings.separator)
        .map((name) => name.trim().toLowerCase())
        .filter((name) => name !== '');
      if (found.length === 0) {
        // Nothing is said, which is not the same as nothing found.
        values.fill(NaN);
        return;
      }
      for (const name of found) {
        const places = labelOf.get(name);
        if (places) places.forEach((i) => (values[i] = 1));
        else if (!none.has(name) && findings.other === 'refuse')
          throw new BadCell(
            findings.column,
            `${[...none].join(', ')} or some of ${entries.map(([label]) => label).join(', ')}`,
            showCell(name),
          );
      }
    },
  };
}
