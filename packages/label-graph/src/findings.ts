import vocabulary from './data/findings.json' with { type: 'json' };
import { normalizeLabel } from './normalize-label.js';

/** A finding that label sets share: what ties labels of different sets together. */
export interface Finding {
  name: string;
  /** Findings that it implies: a rib fracture is a fracture. */
  parents?: readonly string[];
  synonyms?: readonly string[];
  related?: readonly string[];
  umls?: string;
}

/** Every finding that is known by name, each with its synonyms. */
export const findings: readonly Finding[] = vocabulary.findings;

const byText = new Map(
  findings.flatMap((finding) =>
    [finding.name, ...(finding.synonyms ?? [])].map((text) => [normalizeLabel(text), finding]),
  ),
);

/** The finding that a text names, by its name or a synonym. */
export function findFinding(text: string): Finding | undefined {
  return byText.get(normalizeLabel(text));
}

/**
 * The finding that a label means: the one it says, else the one of its name (or of the last part of a path), else that of
 * the first synonym known.
 */
export function findingOf({
  name,
  means,
  synonyms = [],
}: {
  name: string;
  means?: string;
  synonyms?: readonly string[];
}): Finding | undefined {
  if (means !== undefined) return findFinding(means);
  const last = name.slice(name.lastIndexOf('/') + 1);
  return [name, last, ...synonyms].map(findFinding).find((finding) => finding !== undefined);
}
