import { LabelGraphError, type LabelDefinition, type LabelGraphDefinition } from './definition.js';
import { didYouMean } from './nearest-name.js';
import { normalizeLabel } from './normalize-label.js';
import { readLabelGraphDefinition } from './read-definition.js';
import { uniqueTexts } from './vocabulary.js';

interface Registration {
  given: LabelGraphDefinition;
  /** With the labels of the set that it extends; made when first needed. */
  resolved?: LabelGraphDefinition;
  isResolving?: boolean;
}

const registered = new Map<string, Registration>();

/**
 * Makes a label set known by its name: to {@link labelSet}, to `extends`, to {@link labelSetFor} and to drafts. The sets of
 * `@cxr-align/label-graph/sets` are registered by this function, too; the same definition again is no error. Its hierarchy
 * is checked when it is used.
 *
 * @throws {LabelGraphError} of kind `format` if it is no definition, `duplicate` if another set has the name.
 */
export function registerLabelSet(definition: LabelGraphDefinition): void {
  const where = 'label-graph/registerLabelSet';
  const { name } = readLabelGraphDefinition(definition, where);
  if (definition.name === undefined)
    throw new LabelGraphError('format', `${where}: expected a label set with a name, got none; add "name"`);
  const known = registered.get(name);
  if (known?.given === definition) return;
  if (known) {
    throw new LabelGraphError(
      'duplicate',
      `${where}: expected a name that is not taken, got ${JSON.stringify(name)} again; choose another name`,
      [name],
    );
  }
  registered.set(name, { given: definition });
}

/** The names of the registered label sets, in the order of their registration. */
export function labelSetNames(): string[] {
  return [...registered.keys()];
}

/**
 * A registered label set; what it extends is taken over.
 *
 * @throws {LabelGraphError} of kind `unknown-set` if there is none of that name, `cycle` if it extends itself.
 */
export function labelSet(name: string): LabelGraphDefinition {
  const known = registered.get(name);
  if (!known) throw unknownSet(name);
  if (known.isResolving) {
    throw new LabelGraphError(
      'cycle',
      `label-graph/labelSet: expected a set to extend others, got ${JSON.stringify(name)}, which extends itself; remove one "extends"`,
      [name],
    );
  }
  known.isResolving = true;
  try {
    return (known.resolved ??= resolveExtension(readLabelGraphDefinition(known.given, name)));
  } finally {
    known.isResolving = false;
  }
}

function unknownSet(name: string): LabelGraphError {
  const names = labelSetNames();
  const next =
    names.length === 0
      ? 'none are registered: builtInLabelSets of @cxr-align/label-graph/sets are by forEach((set) => registerLabelSet(set))'
      : `${didYouMean(String(name), names)}choose one of ${names.join(', ')}`;
  return new LabelGraphError(
    'unknown-set',
    `label-graph/labelSet: expected a registered label set, got ${JSON.stringify(name)}; ${next}`,
    [name],
  );
}

/**
 * Takes over the labels of the set that a definition extends, and its findings and root. A label named again keeps the keys
 * that it does not give, and its synonyms; a synonym that a new label claims is its alone.
 */
export function resolveExtension(definition: LabelGraphDefinition): LabelGraphDefinition {
  const { extends: extended, ...rest } = definition;
  if (extended === undefined) return definition;
  const base =
    typeof extended === 'string'
      ? labelSet(extended)
      : resolveExtension(readLabelGraphDefinition(extended, `label-graph/${definition.name}: extends`));
  const own = new Map(definition.labels.map((label) => [label.name, label]));
  const known = new Set(base.labels.map(({ name }) => name));
  const added = definition.labels.filter(({ name }) => !known.has(name));
  const claimed = new Set(
    added.flatMap(({ name, synonyms = [] }) => [name, ...synonyms].map((text) => normalizeLabel(text))),
  );
  const kept: LabelDefinition[] = base.labels.map((label) => {
    const changed = own.get(label.name);
    const synonyms = (label.synonyms ?? []).filter((text) => !claimed.has(normalizeLabel(text)));
    const all = uniqueTexts([...synonyms, ...(changed?.synonyms ?? [])]);
    const { synonyms: _replaced, ...others } = label;
    return { ...others, ...changed, ...(all.length > 0 && { synonyms: all }) };
  });
  const order =
    definition.order ?? (base.order && [...base.order, ...added.filter(({ group }) => !group).map(({ name }) => name)]);
  const root = definition.root ?? base.root;
  const findings = base.findings || definition.findings ? { ...base.findings, ...definition.findings } : undefined;
  return {
    ...rest,
    ...(root !== undefined && { root }),
    ...(findings && { findings }),
    labels: [...kept, ...added],
    ...(order && { order }),
  };
}

/** The registered set that has just these labels, whatever their spelling, in the given order; undefined if there is none. */
export function labelSetFor(labels: readonly string[]): LabelGraphDefinition | undefined {
  for (const name of registered.keys()) {
    const set = labelSet(name);
    const own = new Map(
      set.labels.filter(({ group }) => !group).map((label) => [normalizeLabel(label.name), label.name]),
    );
    const isSame = own.size === labels.length && labels.every((label) => own.has(normalizeLabel(label)));
    if (!isSame) continue;
    const renamed = new Map(labels.map((label) => [own.get(normalizeLabel(label))!, label]));
    const rename = (label: string): string => renamed.get(label) ?? label;
    return {
      ...set,
      labels: set.labels.map((label) => ({
        ...label,
        name: rename(label.name),
        ...(label.parents && { parents: label.parents.map(rename) }),
      })),
      order: [...labels],
    };
  }
  return undefined;
}
