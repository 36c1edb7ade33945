import standard from './data/findings.json' with { type: 'json' };
import { LabelGraphError, type FindingDefinition } from './definition.js';
import { findCycle } from './hierarchy.js';
import { didYouMean } from './nearest-name.js';
import { normalizeLabel } from './normalize-label.js';

/** A finding that label sets share: what ties labels of different sets together. */
export interface Finding extends FindingDefinition {
  name: string;
}

/** The findings that ship with this package, each with its synonyms. */
export const findings: readonly Finding[] = standard.findings;

/** Findings by name and synonym. */
export class Vocabulary {
  private readonly byText: ReadonlyMap<string, Finding>;

  /** @param findings where two claim one text, it belongs to the one whose name it is, else to the last. */
  constructor(readonly findings: readonly Finding[]) {
    this.byText = new Map([
      ...findings.flatMap((finding) => (finding.synonyms ?? []).map((text) => entry(text, finding))),
      ...findings.map((finding) => entry(finding.name, finding)),
    ]);
  }

  /** The finding that a text names, by its name or a synonym; case, accents, punctuation and plural do not count. */
  find(text: string): Finding | undefined {
    return this.byText.get(normalizeLabel(text));
  }

  /**
   * The finding that a label stands for: the one of its key `finding`, else the one of its name (or of the last part of a
   * path), else that of the first synonym known.
   */
  findingOf({ name, finding, synonyms = [] }: LabelWords): Finding | undefined {
    if (finding !== undefined) return this.find(finding);
    const last = name.slice(name.lastIndexOf('/') + 1);
    return [name, last, ...synonyms].map((text) => this.find(text)).find((one) => one !== undefined);
  }

  /**
   * The vocabulary with more findings. A known name adds to that finding; a synonym that a new finding claims is its alone.
   *
   * @throws {LabelGraphError} of kind `unknown-finding` for an unknown parent, `duplicate` for a text that two of the new
   *   findings claim, `cycle` where findings imply each other.
   */
  extend(added: Readonly<Record<string, FindingDefinition>>, where = 'label-graph/Vocabulary'): Vocabulary {
    const claims = claimedTexts(added, where);
    const merged = new Map(this.findings.map((one) => [normalizeLabel(one.name), withoutClaimed(one, claims)]));
    for (const [name, definition] of Object.entries(added)) {
      const key = normalizeLabel(name);
      merged.set(key, mergeFinding(merged.get(key) ?? { name }, definition));
    }
    const all = [...merged.values()];
    const result = new Vocabulary(all);
    checkParents(result, Object.keys(added), where);
    return result;
  }

  /** The names of the findings that one implies directly. */
  parents(finding: Finding): string[] {
    return (finding.parents ?? []).map((parent) => this.find(parent)!.name);
  }
}

/** What a label is recognised by. */
export interface LabelWords {
  name: string;
  finding?: string;
  synonyms?: readonly string[];
}

let made: Vocabulary | undefined;

/** The vocabulary of {@link findings}, made when first needed. */
export function standardVocabulary(): Vocabulary {
  return (made ??= new Vocabulary(findings));
}

/** Each text once, however it is spelled; the first spelling stays. */
export function uniqueTexts(texts: readonly string[]): string[] {
  return [...new Map([...texts].reverse().map((text) => entry(text, text))).values()].reverse();
}

function entry<T>(text: string, value: T): [string, T] {
  return [normalizeLabel(text), value];
}

/** The finding, by its compared name, that each text of the new ones belongs to. */
function claimedTexts(added: Readonly<Record<string, FindingDefinition>>, where: string): Map<string, string> {
  const claims = new Map<string, string>();
  for (const [name, { synonyms = [] }] of Object.entries(added)) {
    for (const text of [name, ...synonyms]) {
      const [key, owner] = entry(text, normalizeLabel(name));
      const first = claims.get(key);
      if (first !== undefined && first !== owner) {
        throw new LabelGraphError(
          'duplicate',
          `${where}: expected every word in "findings" to name one finding, got ${JSON.stringify(text)} for two; remove one`,
          [text],
        );
      }
      claims.set(key, owner);
    }
  }
  return claims;
}

function withoutClaimed(finding: Finding, claims: ReadonlyMap<string, string>): Finding {
  const own = normalizeLabel(finding.name);
  const synonyms = finding.synonyms?.filter((text) => (claims.get(normalizeLabel(text)) ?? own) === own);
  return synonyms && synonyms.length !== finding.synonyms!.length ? { ...finding, synonyms } : finding;
}

function mergeFinding(known: Finding, { parents, synonyms, associatedTerms, umls }: FindingDefinition): Finding {
  const both = (before: readonly string[] | undefined, more: readonly string[] | undefined) =>
    more ? uniqueTexts([...(before ?? []), ...more]) : before;
  return {
    ...known,
    parents: both(known.parents, parents),
    synonyms: both(known.synonyms, synonyms),
    associatedTerms: both(known.associatedTerms, associatedTerms),
    umls: umls ?? known.umls,
  };
}

function checkParents(vocabulary: Vocabulary, names: readonly string[], where: string): void {
  for (const name of names) {
    for (const parent of vocabulary.find(name)!.parents ?? []) {
      if (vocabulary.find(parent)) continue;
      throw unknownFinding(vocabulary, parent, `${where}: expected the parents of finding ${JSON.stringify(name)}`);
    }
  }
  const cycle = findCycle(
    names.map((name) => vocabulary.find(name)!.name),
    (name) => vocabulary.parents(vocabulary.find(name)!),
  );
  if (cycle) {
    throw new LabelGraphError(
      'cycle',
      `${where}: expected no cycle among findings, got ${cycle.join(' → ')}; remove one of these parents`,
      cycle,
    );
  }
}

/** The error for a text that names no finding. */
export function unknownFinding(vocabulary: Vocabulary, text: string, expected: string): LabelGraphError {
  const texts = vocabulary.findings.flatMap(({ name, synonyms = [] }) => [name, ...synonyms]);
  return new LabelGraphError(
    'unknown-finding',
    `${expected} to be known, got ${JSON.stringify(text)}; ${didYouMean(text, texts)}declare a new finding under "findings"`,
    [text],
  );
}
