import type { LabelDefinition } from './definition.js';
import { normalizeLabel } from './normalize-label.js';
import { uniqueTexts, unknownFinding, type Vocabulary } from './vocabulary.js';

/**
 * Labels with the words of the findings that they stand for: synonyms, associated terms, UMLS concept. A word that another
 * label has as its name or synonym stays that label's alone; groups stay as they are.
 *
 * @throws {LabelGraphError} of kind `unknown-finding` if a key `finding` names none of the vocabulary.
 */
export function withFindingWords(
  labels: readonly LabelDefinition[],
  vocabulary: Vocabulary,
  where: string,
): LabelDefinition[] {
  const owners = new Map(
    [...labels]
      .reverse()
      .flatMap(({ name, synonyms = [] }) => [...synonyms, name].map((text) => [normalizeLabel(text), name])),
  );
  return labels.map((label) => {
    if (label.finding !== undefined && !vocabulary.find(label.finding)) {
      const expected = `${where}: expected the finding of ${JSON.stringify(label.name)}`;
      throw unknownFinding(vocabulary, label.finding, expected);
    }
    const finding = label.group ? undefined : vocabulary.findingOf(label);
    if (!finding) return label;
    const own = normalizeLabel(label.name);
    const free = [finding.name, ...(finding.synonyms ?? [])].filter(
      (text) => (owners.get(normalizeLabel(text)) ?? label.name) === label.name,
    );
    const synonyms = uniqueTexts([...(label.synonyms ?? []), ...free]).filter((text) => normalizeLabel(text) !== own);
    const associatedTerms = uniqueTexts([...(label.associatedTerms ?? []), ...(finding.associatedTerms ?? [])]);
    const umls = label.umls ?? finding.umls;
    return {
      ...label,
      ...(synonyms.length > 0 && { synonyms }),
      ...(associatedTerms.length > 0 && { associatedTerms }),
      ...(umls !== undefined && { umls }),
    };
  });
}
