import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { Document } from 'yaml';
import { isBlank, plainWord } from './columns/cell-values.js';
import { holdsSplits, isLabelColumn, mostTexts, surveyTable, type ColumnSurvey } from './columns/column-survey.js';
import cellWords from './data/cell-words.json' with { type: 'json' };
import { isWrittenList, listedFindings } from './columns/finding-lists.js';
import { columnsByRole, isIndexColumn, noPatientRemark, type ColumnRole } from './columns/column-roles.js';
import { isImageName } from './readers/images.js';
import { openTable } from './table/open-table.js';
import { tidyColumns } from './columns/tidy-table.js';

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

/**
 * Drafts a mapping for a table: columns are taken for what their names mean, in five languages, or for labels by their
 * cells. What is unknown is named in a comment.
 *
 * @throws {InputError} if no column can be taken for the images' names, or none for a label; or if the table has a row for
 *   each image and finding.
 */
export async function draftMapping(file: string): Promise<MappingDraft> {
  const table = await openTable(file);
  const { header } = table;
  const survey = await surveyTable(table);
  if (tidyColumns(table, survey))
    throw new InputError(
      'expected a row for each image, got one for each image and finding; call the table labels.csv, which is read as it is',
      { file },
    );
  const surveys = survey.columns;
  const roles = new Map(
    [...columnsByRole(table, {}, (at) => holdsSplits(surveys[at]))].map(([role, at]) => [at, role] as const),
  );
  const imageAt =
    [...roles].find(([, role]) => role === 'image')?.[0] ?? surveys.findIndex(({ texts }) => areImages(texts));
  if (imageAt < 0)
    throw new InputError(
      `expected a column of image names (image, file, path, or names that end in .png, .jpg, .dcm), got ${header.join(', ')}; rename one to image`,
      { file, row: 1 },
    );
  roles.set(imageAt, 'image');
  const { columns, labels, findings } = assignColumns(header, surveys, roles);
  const hasLabels = Object.keys(labels).length > 0;
  if (!hasLabels && !findings)
    throw new InputError(
      'expected a column of 1 and 0 (or yes and no), or one that lists findings, got none; write the mapping by hand',
      { file },
    );
  const document = new Document({
    table: basename(file),
    images: imageFolder(file, surveys[imageAt].texts),
    ...Object.fromEntries([...roles].map(([at, role]) => [role, header[at]])),
    ...(hasLabels ? { labels } : { findings }),
  });
  document.commentBefore = comments(columns).join('\n');
  return { yaml: document.toString({ lineWidth: 100 }), columns };
}

interface Assigned {
  columns: DraftedColumn[];
  labels: Record<string, unknown>;
  findings?: Record<string, unknown>;
}

function assignColumns(
  header: readonly string[],
  surveys: readonly ColumnSurvey[],
  roles: ReadonlyMap<number, ColumnRole>,
): Assigned {
  const labels: [string, unknown][] = [];
  let findings: Record<string, unknown> | undefined;
  const columns = header.map((column, i): DraftedColumn => {
    const examples = [...surveys[i].texts].filter(Boolean).slice(0, 4);
    const role = roles.get(i);
    if (role) return { column, role, examples };
    const label = isIndexColumn(column) ? undefined : labelColumn(column, surveys[i]);
    if (label !== undefined) {
      labels.push([column, label]);
      return { column, role: 'label', examples };
    }
    const listed = findings ? undefined : findingsColumn(column, surveys[i].texts);
    if (listed) {
      findings = listed;
      return { column, role: 'findings', examples };
    }
    return { column, role: 'unknown', examples };
  });
  return { columns, labels: Object.fromEntries(labels), findings };
}

function comments(columns: readonly DraftedColumn[]): string[] {
  const unknown = columns.filter(({ role, column }) => role === 'unknown' && !isIndexColumn(column));
  return [
    ' What the columns of the table are. Check it; image and patient may be templates: "{folder}/{name}.png".',
    ...(columns.every(({ role }) => role !== 'patient')
      ? [` ${noPatientRemark(unknown.map(({ column }) => column))}`]
      : []),
    ...unknown.map(
      ({ column, examples }) => ` not used: ${JSON.stringify(column)} (${examples.join(', ').slice(0, 80)})`,
    ),
  ];
}

/** Where the images lie: in `images/` beside the table, unless their names begin with it. */
function imageFolder(file: string, names: ReadonlySet<string>): string {
  const isNamed = [...names].some((name) => name.replace(/^(\.\/)+/, '').startsWith('images/'));
  return !isNamed && existsSync(join(dirname(file), 'images')) ? 'images' : '.';
}

function areImages(texts: ReadonlySet<string>): boolean {
  return texts.size > 0 && [...texts].every(isImageName);
}

const labelWords = Object.entries(cellWords.label).map(([kind, words]) => [kind, new Set(words)] as const);

/** How the cells of a label column are read; undefined if it is none. */
function labelColumn(column: string, survey: ColumnSurvey): string | Record<string, unknown> | undefined {
  if (isLabelColumn(survey)) return column;
  if (survey.texts.size > mostTexts) return undefined;
  const filled = [...survey.texts].filter((text) => !isBlank(text));
  const found = Object.fromEntries(
    labelWords
      .map(([kind, known]) => [kind, filled.filter((text) => known.has(plainWord(text)))] as const)
      .filter(([, texts]) => texts.length > 0),
  );
  const matched = Object.values(found).reduce((sum, texts) => sum + texts.length, 0);
  return filled.length > 0 && matched === filled.length && found.present && found.absent
    ? { column, ...found }
    : undefined;
}

const findingsNames = /finding|label|diagnos|impression|patholog|befund|diagnose|hallazgo|achado|constat/i;

/** How a column that lists findings is read; undefined if its name and its texts do not look like it. */
function findingsColumn(column: string, texts: ReadonlySet<string>): Record<string, unknown> | undefined {
  const filled = [...texts].filter((text) => !isBlank(text) || /^none$/i.test(text));
  const areLists = filled.length > 0 && filled.every(isWrittenList);
  if (!areLists && !findingsNames.test(column)) return undefined;
  const separator = areLists
    ? ','
    : (['|', ';', ','].find((sign) => filled.some((text) => text.includes(sign))) ?? '|');
  const names = [...new Set(filled.flatMap((text) => listedFindings(text, separator)))];
  const isNone = (name: string): boolean =>
    /^(no[ _]?findings?|normal|none|ohne befund|o\.? ?b\.?|rien|sin hallazgos|sem achados)$/i.test(name);
  const labels = names.filter((name) => !isNone(name)).sort();
  if (labels.length === 0 || labels.length > mostTexts / 2) return undefined;
  return { column, separator, none: names.filter(isNone), labels };
}
