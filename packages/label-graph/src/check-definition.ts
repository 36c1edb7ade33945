import { printable } from '@cxr-align/files/printable';
import { LabelGraphError, type LabelDefinition, type LabelGraphDefinition } from './definition.js';
import { findCycle } from './hierarchy.js';
import { didYouMean } from './nearest-name.js';
import { normalizeLabel } from './normalize-label.js';

/** Two names that are compared as the same would be two columns for one label. */
export function checkNames(where: string, root: string, labels: readonly LabelDefinition[]): void {
  const seen = new Map<string, string>([[normalizeLabel(root), root]]);
  for (const { name } of labels) {
    const key = normalizeLabel(name);
    const first = seen.get(key);
    if (first !== undefined) {
      const got =
        first === name ? `${JSON.stringify(name)} twice` : `${JSON.stringify(first)} and ${JSON.stringify(name)}`;
      throw new LabelGraphError('duplicate', `${where}: expected each label once, got ${got}; remove one`, [name]);
    }
    seen.set(key, name);
  }
}

/** The parents of every node, each once: the root where a label names none. */
export function parentsOf(
  where: string,
  root: string,
  labels: readonly LabelDefinition[],
): Map<string, readonly string[]> {
  const known = new Set([root, ...labels.map(({ name }) => name)]);
  const above = new Map<string, readonly string[]>([[root, []]]);
  for (const { name, parents = [] } of labels) {
    const unknown = parents.find((parent) => !known.has(parent));
    if (unknown !== undefined) {
      throw new LabelGraphError(
        'unknown-parent',
        `${where}: expected a known parent for ${JSON.stringify(name)}, got ${JSON.stringify(unknown)}; ${didYouMean(unknown, known)}add it to the labels (with "group": true if no column stands for it)`,
        [name, unknown],
      );
    }
    above.set(name, parents.length > 0 ? [...new Set(parents)] : [root]);
  }
  return above;
}

/** @throws {LabelGraphError} of kind `cycle` if labels are above themselves, naming the labels on the way. @param above parents by name. */
export function checkCycles(
  where: string,
  names: readonly string[],
  above: ReadonlyMap<string, readonly string[]>,
): void {
  const cycle = findCycle(names, (name) => above.get(name)!);
  if (!cycle) return;
  throw new LabelGraphError(
    'cycle',
    `${where}: expected no cycle, got ${cycle.map(printable).join(' → ')}; remove one of these edges`,
    cycle,
  );
}

/** A group is there to gather labels: one without any is a mistake. */
export function checkGroups(
  where: string,
  labels: readonly LabelDefinition[],
  below: ReadonlyMap<string, readonly string[]>,
): void {
  const orphans = labels.filter(({ name, group }) => group && below.get(name)!.length === 0).map(({ name }) => name);
  if (orphans.length === 0) return;
  throw new LabelGraphError(
    'orphan',
    `${where}: expected labels below every group, got none below ${orphans.map(printable).join(', ')}; give it to a label as a parent, or remove it`,
    orphans,
  );
}

/** The label order: the one that is given, once it is known to hold every label once. */
export function labelOrder(where: string, { labels, order }: LabelGraphDefinition): readonly string[] {
  const names = labels.filter(({ group }) => !group).map(({ name }) => name);
  if (!order) return names;
  const given = new Set(order);
  const known = new Set(names);
  const missing = names.filter((name) => !given.has(name));
  const strange = order.filter((name) => !known.has(name));
  if (missing.length > 0 || strange.length > 0 || order.length !== names.length) {
    const faults = [...missing.map((name) => `without ${name}`), ...strange.map((name) => `with ${name}`)];
    throw new LabelGraphError(
      'format',
      `${where}: expected "order" to hold every label once, got it ${faults.map(printable).join(', ') || 'with repeats'}; correct the list`,
      [...missing, ...strange],
    );
  }
  return [...order];
}
