import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileInside, InputError, readYaml } from '@cxr-align/files';
import { z } from 'zod';

const column = z.string().min(1);

/** How the cells of a label column are read; cells are compared without regard to case. */
const labelCells = z.strictObject({
  column: column.describe('Column of the label'),
  present: z.array(z.coerce.string()).default(['1']).describe('Cells that mean: the finding is there'),
  absent: z.array(z.coerce.string()).default(['0']).describe('Cells that mean: it is not'),
  uncertain: z.array(z.coerce.string()).default(['-1']).describe('Cells that mean: perhaps'),
  blank: z.array(z.coerce.string()).default([]).describe('Cells that mean the same as an empty one: not mentioned'),
});

const words = (meaning: string) => z.array(z.coerce.string()).default([]).describe(`Cells that mean: ${meaning}`);

/** A mapping file: what the columns of any table are. */
export const mappingSchema = z.strictObject({
  name: z.string().optional().describe('Name of the data set; that of the folder unless given'),
  table: column.describe('CSV, TSV (also gzipped) or Parquet file beside the mapping'),
  images: z.string().optional().describe('Folder that image names start from; beside the mapping unless given'),
  image: column.describe('Column of the image names, or a template of columns: "{folder}/{name}.png"'),
  sample: column.optional().describe('Column or template of the name in results; that of the image unless given'),
  patient: column.optional().describe('Column or template; every image is a patient of its own unless given'),
  study: column.optional().describe('Column or template; every image is a study of its own unless given'),
  sex: z
    .union([column, z.strictObject({ column, F: words('female'), M: words('male') })])
    .optional()
    .describe('Column of F and M and their words in five languages, or { column, F: […], M: […] }'),
  age: z
    .union([
      column,
      z.strictObject({
        column,
        unit: z.enum(['years', 'months', 'weeks', 'days']).default('years').describe('Unit of plain numbers'),
        years: z.record(z.string(), z.number().min(0).max(120)).default({}).describe('Years of cells that are words'),
      }),
    ])
    .optional()
    .describe('Column of years, or 57Y, 18M, 6 months; or { column, unit, years: { "90+": 90 } }'),
  view: z
    .union([
      column,
      z.strictObject({
        column,
        AP: words('antero-posterior'),
        PA: words('postero-anterior'),
        frontal: words('frontal, AP or PA'),
        lateral: words('lateral'),
      }),
    ])
    .optional()
    .describe('Column of AP, PA, LATERAL …; or { column, AP: […], PA: […], frontal: […], lateral: […] }'),
  split: column.optional().describe('Column of train, val, test; all is training unless given'),
  unspecified: column.optional().describe('Column of a label below which 0 means "not known"'),
  labels: z
    .union([z.array(column).min(1), z.record(column, z.union([column, labelCells]))])
    .optional()
    .describe('Label columns: a list of names, or for each label its column, or { column, present, absent, … }'),
  findings: z
    .strictObject({
      column: column.describe('Column that lists what is present'),
      separator: z.string().min(1).default('|').describe('What stands between two findings'),
      none: z.array(z.string()).default(['No Finding']).describe('Cells that mean: nothing is present'),
      labels: z
        .union([z.array(column).min(1), z.record(column, z.array(column).min(1))])
        .describe('The labels, or for each label the findings that mean it'),
      other: z.enum(['refuse', 'ignore']).default('refuse').describe('What to do with a finding that is no label'),
    })
    .optional()
    .describe('Instead of label columns: one column that lists the findings'),
  graph: z.string().optional().describe('Label graph beside the mapping (JSON or YAML)'),
});

/** What the columns of a table are. */
export type Mapping = z.infer<typeof mappingSchema>;

const fileNames = ['dataset.yaml', 'dataset.yml', 'dataset.json'];

/** The mapping file that a path is or has. */
export function mappingFile(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  if (!statSync(path).isDirectory()) return /\.(ya?ml|json)$/.test(path) ? path : undefined;
  return fileNames.map((name) => join(path, name)).find((file) => existsSync(file));
}

/** Reads a mapping file. @throws {InputError} if it is none: what is wrong is named key by key. */
export function readMapping(file: string): Mapping {
  const content = readYaml(file);
  const result = mappingSchema.safeParse(content);
  if (!result.success)
    throw new InputError(
      `expected a mapping of columns, got the following; correct it there:\n${z.prettifyError(result.error)}`,
      { file },
    );
  const mapping = result.data;
  if ((mapping.labels === undefined) === (mapping.findings === undefined))
    throw new InputError('expected either labels or findings in the mapping, got both or neither; keep one of them', {
      file,
    });
  // Images may lie elsewhere; what is read as text may not, lest a mapping from elsewhere shows any file.
  for (const key of ['table', 'graph'] as const) {
    const name = mapping[key];
    if (name !== undefined)
      fileInside(dirname(file), name, key === 'table' ? 'a table' : 'a label graph', { file, column: key });
  }
  return mapping;
}
