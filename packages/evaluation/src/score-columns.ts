import { columnsByRole, isNoLabel } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';

/** Which columns of a table of scores are what. */
export interface ScoreColumns {
  sample?: number;
  patient?: number;
  split?: number;
  labels: string[];
  /** A column for each label; undefined where the targets are elsewhere. */
  targets?: number[];
  /** A column for each label; `ranks` where order has columns of its own. */
  models: { name: string; scores: number[]; ranks?: number[] }[];
}

/** Names of columns that the caller gives: `sample`, `patient`, `split`, `y:LABEL`, `p:LABEL` or `MODEL:LABEL` to the column. */
export type GivenScoreColumns = Readonly<Record<string, string>>;

const truthEnds = ['_true', '_target', '_truth', ' true'];
const scoreEnds = ['_prob', '_proba', '_score', '_pred', '_logit'];

/**
 * The columns of a table of scores, by the names that tables have: `y:LABEL` and `p:LABEL` as `predictions.parquet` has them, with
 * several models `MODEL:LABEL`; `LABEL_true` and `LABEL_prob`, with several models `LABEL_MODEL`; `LABEL` and `LABEL_prob`; or, where
 * the targets are elsewhere, `LABEL`, a column of scores.
 *
 * @throws {InputError} if no scores are found, or a label has none of a model.
 */
export function scoreColumns(
  header: readonly string[],
  { file, columns = {}, labels }: { file: string; columns?: GivenScoreColumns; labels?: readonly string[] },
): ScoreColumns {
  const names = renamed(header, columns, file);
  const roles = columnsByRole({ file, header: names });
  const sampleNames = ['sample', 'sample_id', 'id'];
  const sample = names.findIndex((name) => sampleNames.includes(name.toLowerCase()));
  const found = {
    sample: sample >= 0 ? sample : (roles.get('image') ?? unnamedIndex(names)),
    patient: roles.get('patient'),
    split: roles.get('split'),
  };
  const taken = new Set(Object.values(found));
  const free = names.map((name, at) => ({ name, at })).filter(({ at }) => !taken.has(at));
  const pairs = byColon(free) ?? byEnd(free) ?? plainScores(free, labels);
  const wanted = labels ?? pairs.labels;
  const ofLabels = (kind: ReadonlyMap<string, number> | undefined, what: string): number[] =>
    wanted.map((label) => {
      const at = kind?.get(label);
      if (at === undefined)
        throw new InputError(
          `expected a column of ${what} for each label (${wanted.join(', ')}), got none for ${label}; the columns are ${header.join(', ')}`,
          { file, row: 1 },
        );
      return at;
    });
  if (wanted.length === 0 || pairs.models.size === 0)
    throw new InputError(
      `expected columns of scores, such as p:Edema beside y:Edema, Edema_prob beside Edema_true, or Edema with the targets elsewhere, got ${header.join(', ')}; name them (column)`,
      { file, row: 1 },
    );
  return {
    ...found,
    labels: [...wanted],
    ...(pairs.targets.size > 0 && { targets: ofLabels(pairs.targets, 'targets') }),
    models: [...pairs.models].map(([name, scores]) => ({
      name,
      scores: ofLabels(scores, `scores of ${name}`),
      ...(name === 'p' && pairs.ranks && { ranks: ofLabels(pairs.ranks, 'ranks') }),
    })),
  };
}

interface Pairs {
  labels: string[];
  targets: Map<string, number>;
  models: Map<string, Map<string, number>>;
  ranks?: Map<string, number>;
}
type Named = readonly { name: string; at: number }[];

function renamed(header: readonly string[], columns: GivenScoreColumns, file: string): string[] {
  const names = [...header];
  for (const [role, column] of Object.entries(columns)) {
    const at = header.indexOf(column);
    if (at < 0)
      throw new InputError(
        `expected a column ${JSON.stringify(column)} for ${role}, got ${header.map((one) => JSON.stringify(one)).join(', ')}; name one of these`,
        { file, row: 1 },
      );
    names[at] = role;
  }
  return names;
}

/** The index that pandas writes without a name. */
function unnamedIndex(names: readonly string[]): number | undefined {
  const at = names.findIndex((name) => name === '' || /^unnamed: 0$/i.test(name));
  return at < 0 ? undefined : at;
}

/** `y:LABEL`, `p:LABEL`, `MODEL:LABEL`. */
function byColon(columns: Named): Pairs | undefined {
  const parts = columns.flatMap(({ name, at }) => {
    const [, kind, label] = /^([^:]+):(.+)$/.exec(name) ?? [];
    return kind === undefined ? [] : [{ kind, label, at }];
  });
  if (parts.length === 0) return undefined;
  const kinds = new Map<string, Map<string, number>>();
  for (const { kind, label, at } of parts)
    kinds.set(kind, (kinds.get(kind) ?? new Map<string, number>()).set(label, at));
  const targets = kinds.get('y') ?? new Map<string, number>();
  const ranks = kinds.has('p') ? kinds.get('s') : undefined;
  kinds.delete('y');
  if (ranks) kinds.delete('s');
  const labels = targets.size > 0 ? [...targets.keys()] : [...new Set(parts.map(({ label }) => label))];
  return { labels, targets, models: kinds, ...(ranks && { ranks }) };
}

/** `LABEL_true` or `LABEL`, and `LABEL_MODEL`. */
function byEnd(columns: Named): Pairs | undefined {
  const placeOf = new Map(columns.map(({ name, at }) => [name, at]));
  const targets = new Map<string, number>();
  for (const { name, at } of columns) {
    const end = truthEnds.find((one) => name.endsWith(one));
    if (end) targets.set(name.slice(0, -end.length), at);
    else if (scoreEnds.some((one) => placeOf.has(name + one))) targets.set(name, at);
  }
  if (targets.size === 0) return undefined;
  const models = new Map<string, Map<string, number>>();
  const truths = new Set(targets.values());
  // Of a label and a longer one that begins with it the longer counts.
  const longestFirst = [...targets.keys()].sort((a, b) => b.length - a.length);
  for (const { name, at } of columns) {
    if (truths.has(at)) continue;
    const label = longestFirst.find((one) => name.startsWith(`${one}_`));
    if (label === undefined) continue;
    const model = name.slice(label.length + 1);
    models.set(model, (models.get(model) ?? new Map<string, number>()).set(label, at));
  }
  return models.size === 0 ? undefined : { labels: [...targets.keys()], targets, models };
}

/** `LABEL`, with the targets elsewhere. */
function plainScores(columns: Named, labels?: readonly string[]): Pairs {
  const scores = columns.filter(({ name }) => (labels ? labels.includes(name) : !isNoLabel(name)));
  const places = new Map(scores.map(({ name, at }) => [name, at]));
  return {
    labels: [...places.keys()],
    targets: new Map(),
    models: places.size > 0 ? new Map([['p', places]]) : new Map(),
  };
}
