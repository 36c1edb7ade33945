import chexpert14 from './data/chexpert-14.json' with { type: 'json' };
import covidChestxray from './data/covid-chestxray.json' with { type: 'json' };
import cxrLt26 from './data/cxr-lt-26.json' with { type: 'json' };
import cxrLt40 from './data/cxr-lt-40.json' with { type: 'json' };
import cxrLt45 from './data/cxr-lt-45.json' with { type: 'json' };
import mimicCxr14 from './data/mimic-cxr-14.json' with { type: 'json' };
import nih14 from './data/nih-14.json' with { type: 'json' };
import padchest from './data/padchest.json' with { type: 'json' };
import rsna3 from './data/rsna-3.json' with { type: 'json' };
import seed14 from './data/seed-14.json' with { type: 'json' };
import vindrCxr28 from './data/vindr-cxr-28.json' with { type: 'json' };
import { LabelGraphError, type LabelDefinition, type LabelGraphDefinition } from './definition.js';
import { findingOf } from './findings.js';
import { normalizeLabel } from './normalize-label.js';

const shipped = new Map<string, LabelGraphDefinition>(
  [chexpert14, mimicCxr14, nih14, seed14, cxrLt26, cxrLt40, cxrLt45, vindrCxr28, padchest, rsna3, covidChestxray].map(
    (set) => [set.name, set as LabelGraphDefinition],
  ),
);

/** The names of the shipped label sets. */
export const labelSetNames: readonly string[] = [...shipped.keys()];

/**
 * A shipped label set, complete: what it extends is taken over, and each label has the synonyms of the finding it means.
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
  const { labels, ...rest } = resolveExtension(definition);
  return { ...rest, labels: labels.map(withFinding) };
}

/** The label with what is known of the finding that it means. */
function withFinding(label: LabelDefinition): LabelDefinition {
  const finding = label.group ? undefined : findingOf(label);
  if (!finding) return label;
  const own = normalizeLabel(label.name);
  const synonyms = unique([...(label.synonyms ?? []), finding.name, ...(finding.synonyms ?? [])]).filter(
    (text) => normalizeLabel(text) !== own,
  );
  const related = unique([...(label.related ?? []), ...(finding.related ?? [])]);
  const umls = label.umls ?? finding.umls;
  return {
    ...label,
    ...(synonyms.length > 0 && { synonyms }),
    ...(related.length > 0 && { related }),
    ...(umls !== undefined && { umls }),
  };
}

/** Each text once, however it is spelled; the first spelling stays. */
function unique(texts: readonly string[]): string[] {
  return [...new Map([...texts].reverse().map((text) => [normalizeLabel(text), text])).values()].reverse();
}

/**
 * Takes over the labels of the set that a definition extends. A label named again keeps what it does not say anew, and its
 * synonyms; a synonym that a new label claims is its alone.
 */
export function resolveExtension(definition: LabelGraphDefinition): LabelGraphDefinition {
  if (definition.extends === undefined) return definition;
  const base = labelSet(definition.extends);
  const own = new Map(definition.labels.map((label) => [label.name, label]));
  const added = definition.labels.filter(({ name }) => base.labels.every((label) => label.name !== name));
  const claimed = new Set(
    added.flatMap(({ name, synonyms = [] }) => [name, ...synonyms].map((text) => normalizeLabel(text))),
  );
  const kept: LabelDefinition[] = base.labels.map((label) => {
    const changed = own.get(label.name);
    const synonyms = (label.synonyms ?? []).filter((text) => !claimed.has(normalizeLabel(text)));
    const all = unique([...synonyms, ...(changed?.synonyms ?? [])]);
    const { synonyms: _replaced, ...rest } = label;
    return { ...rest, ...changed, ...(all.length > 0 && { synonyms: all }) };
  });
  const order =
    definition.order ?? (base.order && [...base.order, ...added.filter(({ group }) => !group).map(({ name }) => name)]);
  const { extends: _taken, ...rest } = definition;
  return { ...rest, labels: [...kept, ...added], ...(order && { order }) };
}

/** The shipped set that has just these labels, whatever their spelling, in the given order; undefined if there is none. */
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
