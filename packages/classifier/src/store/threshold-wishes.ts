import { columnOf, orNull, parseRule, ruleName, thresholdOf, type Predictions } from '@cxr-align/evaluation';
import { InputError } from '@cxr-align/files';
import type { ThresholdRule } from '@cxr-align/metrics';
import { nearestName } from '@cxr-align/tensor';
import type { StoredModel } from './stored-model.js';
import type { ChangedThreshold, ThresholdChange } from './threshold-changes.js';
import { changesInForce, thresholdOrigins } from './threshold-origins.js';

/** What thresholds are wanted. */
export interface ThresholdWishes {
  /** The rule of all labels that have none in `labels`: as `youden`, `f-max`, `sensitivity=0.9`, `specificity=0.9`, `ppv=0.5`. */
  rule?: string | ThresholdRule;
  /** By label a rule or a threshold. Without `rule`, the others stay. */
  labels?: Readonly<Record<string, string | number | ThresholdRule>>;
}

/** What becomes of each label: a rule or a value; undefined where it stays. */
export type ThresholdWish = ThresholdRule | number | undefined;

/** Whether a threshold is to be chosen by a rule. */
export function isRule(wish: ThresholdWish): wish is ThresholdRule {
  return wish !== undefined && typeof wish !== 'number';
}

/**
 * What becomes of each label of a model.
 *
 * @throws {InputError} if a label is unknown, a rule or a value is none.
 */
export function thresholdWishes({ rule, labels = {} }: ThresholdWishes, names: readonly string[]): ThresholdWish[] {
  for (const label of Object.keys(labels))
    if (!names.includes(label))
      throw new InputError(
        `expected a label of the run (${names.join(', ')}), got ${JSON.stringify(label)}${suggestion(label, names)}`,
      );
  const all = rule === undefined ? undefined : wishOf(rule, 'all labels');
  if (typeof all === 'number')
    throw new InputError(`expected a rule for all labels, got the value ${all}; give it to each label by its name`);
  return names.map((label) => (Object.hasOwn(labels, label) ? wishOf(labels[label], label) : all));
}

function wishOf(wish: string | number | ThresholdRule, label: string): NonNullable<ThresholdWish> {
  // An object is checked as the text that it has.
  if (typeof wish === 'object') return parseRule(ruleName(wish));
  const value = typeof wish === 'string' && wish.trim() !== '' ? Number(wish) : wish;
  if (typeof value !== 'number' || (typeof wish === 'string' && Number.isNaN(value))) return parseRule(String(wish));
  if (!(value >= 0 && value <= 1))
    throw new InputError(
      `expected the threshold of ${label} as a probability in [0, 1], got ${value}; divide percentages by 100`,
    );
  return value;
}

/**
 * The labels that change, and why others stay though a rule was for them.
 *
 * @param validation in the model's label order; needed for rules.
 * @param named labels that were given a rule of their own. @throws {InputError} if that chooses none.
 */
export function wishedChanges(
  wishes: readonly ThresholdWish[],
  stored: StoredModel,
  { validation, named }: { validation: Predictions | undefined; named: ReadonlySet<string> },
): { changed: Record<string, ChangedThreshold>; left: Record<string, string> } {
  const { labels } = stored.graph;
  const origins = thresholdOrigins(stored);
  const left: [string, string][] = [];
  const changed = labels.flatMap((label, i): [string, ChangedThreshold][] => {
    const wish = wishes[i];
    if (wish === undefined) return [];
    const newRule = typeof wish === 'number' ? 'given' : ruleName(wish);
    const value = typeof wish === 'number' ? wish : chosen(wish, validation!, labels.indexOf(label));
    if (Number.isNaN(value)) {
      const reason = `${newRule} chooses no threshold on validation: a class is missing there, or no threshold reaches it`;
      if (named.has(label))
        throw new InputError(`expected a rule that chooses a threshold of ${label}, got none: ${reason}`);
      left.push([label, reason]);
      return [];
    }
    const old = stored.thresholds[i];
    if (Object.is(value, old) && newRule === origins[i].rule) return [];
    return [[label, { old: orNull(old), new: value, oldRule: origins[i].rule, newRule }]];
  });
  return { changed: Object.fromEntries(changed), left: Object.fromEntries(left) };
}

function chosen(rule: ThresholdRule, { targets, probabilities, labels }: Predictions, label: number): number {
  return thresholdOf(columnOf(targets, labels.length, label), columnOf(probabilities, labels.length, label), rule);
}

/** The newest change that holds. @throws {InputError} if there is none. */
export function newestChange(changes: readonly ThresholdChange[]): ThresholdChange {
  const newest = changesInForce(changes).at(-1);
  if (!newest) throw new InputError('expected changed thresholds to take back, got those that training chose');
  return newest;
}

/** What takes the newest change back. @throws {InputError} if there is none. */
export function takenBack({ thresholdChanges = [] }: StoredModel): Record<string, ChangedThreshold> {
  return Object.fromEntries(
    Object.entries(newestChange(thresholdChanges).labels).map(([label, one]) => [
      label,
      { old: one.new, new: one.old, oldRule: one.newRule, newRule: one.oldRule },
    ]),
  );
}

function suggestion(name: string, names: readonly string[]): string {
  const nearest = nearestName(name, names);
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}
