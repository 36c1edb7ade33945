import chexpert14 from './data/chexpert-14.json' with { type: 'json' };
import nih14 from './data/nih-14.json' with { type: 'json' };
import seed14 from './data/seed-14.json' with { type: 'json' };
import { LabelGraphError, type LabelDefinition, type LabelGraphDefinition } from './definition.js';
import { normalizeLabel } from './normalize-label.js';

const shipped = new Map<string, LabelGraphDefinition>(
  [chexpert14, nih14, seed14].map((set) => [set.name, set as LabelGraphDefinition]),
);

/** The names of the shipped label sets. */
export const labelSetNames: readonly string[] = [...shipped.keys()];

/**
 * A shipped label set, complete: what it extends is taken over.
 *
 * @throws {LabelGraphError} of kind `unknown-set` if there is none of that name.
 */
export function labelSet(name: string): LabelGraphDefinition {
  const definition = shipped.get(name);
  if (!definition) {
    throw new LabelGraphError(
      'unknown-set',
      `label-graph/labelSet: expected one of ${labelSetNames.join(', ')}, got ${JSON.stringify(name)}`,
      [name],
    );
  }
  return resolveExtension(definition);
}

/** Takes over the labels of the set that a definition extends; a label named again keeps its synonyms and gets new parents. */
export function resolveExtension(definition: LabelGraphDefinition): LabelGraphDefinition {
  if (definition.extends === undefined) return definition;
  const base = labelSet(definition.extends);
  const own = new Map(definition.labels.map((label) => [label.name, label]));
  const kept: LabelDefinition[] = base.labels.map((label) => {
    const changed = own.get(label.name);
    own.delete(label.name);
    return changed
      ? { ...label, ...changed, synonyms: [...(label.synonyms ?? []), ...(changed.synonyms ?? [])] }
      : label;
  });
  const added = definition.labels.filter(({ name }) => own.has(name));
  const order =
    definition.order ?? (base.order && [...base.order, ...added.filter(({ group }) => !group).map(({ name }) => name)]);
  const { extends: _taken, ...rest } = definition;
  return { ...rest, labels: [...kept, ...added], ...(order && { order }) };
}

/** The shipped set that has just these labels, by name or synonym, in the given order; undefined if there is none. */
export function labelSetFor(labels: readonly string[]): LabelGraphDefinition | undefined {
  for (const name of labelSetNames) {
    const set = labelSet(name);
    const own = new Map(
      set.labels.filter(({ group }) => !group).map((label) => [normalizeLabel(label.name), label.name]),
    );
    const isSame = own.size === labels.length && labels.every((label) => own.has(normalizeLabel(label)));
    if (isSame) {
      const renamed = new Map(labels.map((label) => [own.get(normalizeLabel(label))!, label]));
      const rename = (label: string): string => renamed.get(label) ?? label;
      return {
        ...set,
        labels: set.labels.map((label) => ({
          ...label,
          name: rename(label.name),
          parents: label.parents?.map(rename),
        })),
        order: [...labels],
      };
    }
  }
  return undefined;
}
