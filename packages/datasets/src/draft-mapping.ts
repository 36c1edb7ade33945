import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { Document } from 'yaml';
import { readLabelCell } from './cells.js';
import { columnRoles, type ColumnRole } from './readers/column-roles.js';
import { columnOf, openTable } from './table.js';

/** What a column was taken for. */
export interface DraftedColumn {
  column: string;
  role: ColumnRole | 'label' | 'findings' | 'unknown';
  /** Some of its texts. */
  examples: string[];
}

/** A first draft of a mapping. */
export interface MappingDraft {
  yaml: string;
  columns: DraftedColumn[];
}

/** Distinct texts that are kept of a column; one with more is no label. */
const mostTexts = 200;

/** Words that cells say instead of 1, 0 and −1. */
const words = {
  present: ['true', 'yes', 'y', 'positive', 'pos', 'present', 'abnormal'],
  absent: ['false', 'no', 'n', 'negative', 'neg', 'absent', 'normal'],
  uncertain: ['uncertain', 'maybe', 'possible', 'equivocal', 'u', '?'],
  blank: ['na', 'n/a', 'nan', 'none', 'null', '-', 'unknown'],
};

/**
 * Drafts a mapping for a table: columns are taken for what their names say, or for labels by their cells. What is not
 * known is named in a comment.
 *
 * @throws {InputError} if no column can be taken for the images' names, or none for a label.
 */
export async function draftMapping(file: string): Promise<MappingDraft> {
  const table = await openTable(file);
  const { header } = table;
  const texts = header.map(() => new Set<string>());
  await table.each((cells) => {
    cells.forEach((cell, i) => texts[i].size <= mostTexts && texts[i].add(cell.trim()));
  });
  const roles = new Map<number, ColumnRole>();
  for (const role of Object.keys(columnRoles) as ColumnRole[]) {
    const at = columnOf(header, columnRoles[role]);
    if (at >= 0 && !roles.has(at)) roles.set(at, role);
  }
  const imageAt =
    [...roles].find(([, role]) => role === 'image')?.[0] ?? header.findIndex((_, i) => areImages(texts[i]));
  if (imageAt < 0)
    throw new InputError(
      `expected a column of image names (${columnRoles.image.join(', ')}, or names that end in .png, .jpg, .dcm), got ${header.join(', ')}`,
      { file, row: 1 },
    );
  roles.set(imageAt, 'image');
  const labels: Record<string, unknown> = {};
  let findings: Record<string, unknown> | undefined;
  const columns = header.map((column, i): DraftedColumn => {
    const examples = [...texts[i]].filter(Boolean).slice(0, 4);
    const role = roles.get(i);
    if (role) return { column, role, examples };
    const label = column === '' ? undefined : labelColumn(column, texts[i]);
    if (label !== undefined) {
      labels[column] = label;
      return { column, role: 'label', examples };
    }
    const listed = /finding|label|diagnos|impression/i.test(column) ? findingsColumn(column, texts[i]) : undefined;
    if (listed && !findings) {
      findings = listed;
      return { column, role: 'findings', examples };
    }
    return { column, role: 'unknown', examples };
  });
  const hasLabels = Object.keys(labels).length > 0;
  if (!hasLabels && !findings)
    throw new InputError(
      'expected a column of 1 and 0 (or yes and no), or one that lists findings, got none; write the mapping by hand',
      { file },
    );
  const column = (role: ColumnRole): Record<string, string> => {
    const at = [...roles].find(([, one]) => one === role)?.[0];
    return at === undefined ? {} : { [role]: header[at] };
  };
  const document = new Document({
    table: basename(file),
    images: imageFolder(file, texts[imageAt]),
    ...column('image'),
    ...column('patient'),
    ...column('study'),
    ...column('sex'),
    ...column('age'),
    ...column('view'),
    ...column('split'),
    ...(hasLabels ? { labels } : { findings }),
  });
  const unknown = columns.filter(({ role, column: name }) => role === 'unknown' && name !== '');
  document.commentBefore = [
    ' What the columns of the table are. Check it; image and patient may be templates: "{folder}/{name}.png".',
    ...(columns.every(({ role }) => role !== 'patient')
      ? [' No column of patients was found: without one, images of a patient may be in several splits.']
      : []),
    ...unknown.map(
      ({ column: name, examples }) => ` not used: ${JSON.stringify(name)} (${examples.join(', ').slice(0, 80)})`,
    ),
  ].join('\n');
  return { yaml: document.toString({ lineWidth: 100 }), columns };
}

/** Where the images lie: in `images/` beside the table, unless their names say so themselves. */
function imageFolder(file: string, names: ReadonlySet<string>): string {
  const isNamed = [...names].some((name) => name.startsWith('images/'));
  return !isNamed && existsSync(join(dirname(file), 'images')) ? 'images' : '.';
}

function areImages(texts: ReadonlySet<string>): boolean {
  return texts.size > 0 && [...texts].every((text) => /\.(png|jpe?g|dcm|dicom|tiff?|webp)$/i.test(text));
}

/** How the cells of a label column are read; undefined if it is none. */
function labelColumn(column: string, texts: ReadonlySet<string>): string | Record<string, unknown> | undefined {
  if (texts.size > mostTexts) return undefined;
  const said = [...texts].filter(Boolean);
  const values = said.map(readLabelCell);
  if (
    said.length > 0 &&
    values.every((value) => value !== undefined) &&
    values.some((value) => value === 0 || value === 1)
  )
    return column;
  const kinds = Object.entries(words).map(([kind, known]) => [
    kind,
    said.filter((text) => known.includes(text.toLowerCase())),
  ]) as ['present' | 'absent' | 'uncertain' | 'blank', string[]][];
  const matched = kinds.reduce((sum, [, found]) => sum + found.length, 0);
  const found = Object.fromEntries(kinds.filter(([, list]) => list.length > 0));
  return said.length > 0 && matched === said.length && found.present && found.absent ? { column, ...found } : undefined;
}

/** How a column that lists findings is read; undefined if its texts are too varied. */
function findingsColumn(column: string, texts: ReadonlySet<string>): Record<string, unknown> | undefined {
  const said = [...texts].filter(Boolean);
  const separator = ['|', ';', ','].find((sign) => said.some((text) => text.includes(sign))) ?? '|';
  const names = [...new Set(said.flatMap((text) => text.split(separator).map((name) => name.trim())))].filter(Boolean);
  const isNone = (name: string): boolean => /^(no[ _]?findings?|normal|none)$/i.test(name);
  const labels = names.filter((name) => !isNone(name)).sort();
  if (labels.length === 0 || labels.length > mostTexts / 2) return undefined;
  return { column, separator, none: names.filter(isNone), labels };
}
