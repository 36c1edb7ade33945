import { InputError } from '@cxr-align/files';
import columnNames from '../data/column-names.json' with { type: 'json' };

/** What a column of a table can be beside a label. */
export const columnRoles = ['image', 'patient', 'study', 'sex', 'age', 'view', 'split'] as const;
export type ColumnRole = (typeof columnRoles)[number];

/** Which columns of the tables were used as what, and which were not. */
export interface ColumnUse {
  /** Role to column, such as `patient: 'pid'`; label columns are named by the labels themselves. */
  used: Record<string, string>;
  /** Columns that nothing was read from, in the order of the tables. */
  unused: string[];
}

/** Columns that the caller names: role to column. */
export type GivenColumns = Partial<Record<ColumnRole, string>>;

/** Lower case without accents, blanks and signs: `Patient ID`, `patient_id` and `patientId` are one name. */
export function plainName(column: string): string {
  return column
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/** Whether a column is the row number that pandas or R wrote. */
export function isIndexColumn(column: string): boolean {
  return column === '' || /^unnamed:? ?\d+(_level_\d+)?$/i.test(column) || /^(index|level_\d+|rownames)$/i.test(column);
}

const rolesByName = new Map(columnRoles.flatMap((role) => columnNames[role].map((name) => [name, role])));
const splitNames: ReadonlySet<string> = new Set(columnNames.splitIfWords);
const noLabelNames: ReadonlySet<string> = new Set(columnNames.noLabel);

/** Whether a column is no label by its name. */
export function isNoLabel(column: string): boolean {
  const name = plainName(column);
  return isIndexColumn(column) || rolesByName.has(name) || splitNames.has(name) || noLabelNames.has(name);
}

/**
 * The column of each role by its name, in five languages.
 *
 * @param given columns that the caller names; they go before.
 * @param holdsSplits whether all texts of a column name splits. Columns that are called `fold` or `set` are splits only then.
 * @throws {InputError} if a given column is not there.
 */
export function columnsByRole(
  { file, header }: { file: string; header: readonly string[] },
  given: GivenColumns = {},
  holdsSplits: (at: number) => boolean = () => false,
): Map<ColumnRole, number> {
  const found = new Map<ColumnRole, number>();
  for (const role of columnRoles) {
    const name = given[role];
    if (name === undefined) continue;
    const at = header.indexOf(name);
    if (at < 0)
      throw new InputError(
        `expected a column ${JSON.stringify(name)} for ${role}, got ${header.map((one) => JSON.stringify(one)).join(', ')}; name one of these`,
        { file, row: 1 },
      );
    found.set(role, at);
  }
  const taken = new Set(found.values());
  const names = header.map(plainName);
  for (const role of columnRoles) {
    if (found.has(role)) continue;
    const at =
      columnNames[role].map((name) => names.indexOf(name)).find((place) => place >= 0 && !taken.has(place)) ??
      (role === 'split' ? names.findIndex((name, place) => splitNames.has(name) && holdsSplits(place)) : -1);
    if (at < 0) continue;
    found.set(role, at);
    taken.add(at);
  }
  // In the order of the roles, whoever named them.
  return new Map([...found].sort(([a], [b]) => columnRoles.indexOf(a) - columnRoles.indexOf(b)));
}

/** What stands in a reader's remarks where no column of patients is known. */
export function noPatientRemark(unused: readonly string[]): string {
  const which = unused.length > 0 ? `; is it one of ${unused.slice(0, 20).join(', ')}? ` : '; ';
  return `warning: no column of patients was found, so every image counts as a patient of its own: images of one patient may be in training and test, and scores too good${which}name it (columns: { patient: … }, or patient in dataset.yaml)`;
}

/** Which columns were used, in a line. */
export function describeColumns({ used, unused }: ColumnUse): string {
  const list = Object.entries(used).map(([role, column]) => `${role} = ${JSON.stringify(column)}`);
  const left = unused.map((column) => JSON.stringify(column)).join(', ');
  return `columns: ${list.join(', ') || 'none'}; not used: ${left || 'none'}`;
}
