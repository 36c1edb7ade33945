import { parseLabelGraph } from '../src/formats.js';
import { findings, LabelGraph, LabelGraphError, mapLabels, normalizeLabel, standardVocabulary } from '../src/index.js';

describe('findings', () => {
  it('name every finding once, by any of its words', () => {
    const texts = findings.flatMap(({ name, synonyms = [] }) => [name, ...synonyms].map(normalizeLabel));
    const twice = texts.filter((text, i) => texts.indexOf(text) !== i);
    expect(twice).toEqual([]);
  });
  it('have known parents and well-formed UMLS concepts', () => {
    for (const { name, parents = [], umls } of findings) {
      for (const parent of parents) expect(standardVocabulary().find(parent)?.name).toBe(parent);
      if (umls !== undefined) expect([name, umls]).toEqual([name, expect.stringMatching(/^C\d{7}$/)]);
    }
  });
});

describe('Vocabulary', () => {
  const vocabulary = standardVocabulary();
  it('finds findings whatever the case, the spelling and the number', () => {
    expect(vocabulary.find('pulmonary_OEDEMA')?.name).toBe('Edema');
    expect(vocabulary.find('Rib Fractures')?.name).toBe('Rib Fracture');
    expect(vocabulary.find('lung opacities')?.name).toBe('Lung Opacity');
    expect(vocabulary.find('zebra')).toBeUndefined();
    expect(vocabulary.find('constructor')).toBeUndefined();
  });
  it('takes more findings as data, and leaves the standard ones as they are', () => {
    const more = vocabulary.extend({
      'Lung Gangrene': { parents: ['Lung Lesion'], synonyms: ['necrotic lung', 'lung mass'], umls: 'C0032285' },
      Edema: { synonyms: ['wet lung'] },
      __proto__: {},
      constructor: { parents: ['Lung Gangrene'] },
    });
    expect(more.find('Necrotic Lungs')?.name).toBe('Lung Gangrene');
    expect(more.find('lung mass')?.name).toBe('Lung Mass'); // a name is nobody else's
    expect(more.find('wet lung')?.umls).toBe(vocabulary.find('Edema')?.umls);
    expect(more.parents(more.find('constructor')!)).toEqual(['Lung Gangrene']);
    expect(vocabulary.find('wet lung')).toBeUndefined();
  });
  it('gives a synonym that a new finding claims to it alone', () => {
    const more = vocabulary.extend({ 'Wet Lung': { synonyms: ['lung edema'] } });
    expect(more.find('lung edema')?.name).toBe('Wet Lung');
    expect(more.find('Edema')?.synonyms).not.toContain('lung edema');
  });
  it.each([
    [{ A: { parents: ['Pnuemonia'] } }, 'unknown-finding', 'got "Pnuemonia"; did you mean "Pneumonia"?'],
    [{ A: { synonyms: ['x'] }, B: { synonyms: ['X'] } }, 'duplicate', 'got "X" for two'],
    [{ A: { parents: ['B'] }, B: { parents: ['A'] } }, 'cycle', 'got A → B → A'],
  ])('refuses %j', (added, kind, message) => {
    expect(() => vocabulary.extend(added)).toThrow(expect.objectContaining({ kind, name: 'LabelGraphError' }));
    expect(() => vocabulary.extend(added)).toThrow(message);
  });
});

describe('the key "findings" of a label graph', () => {
  const mine = parseLabelGraph(`
name: mine
findings:
  Lung Gangrene: { parents: [Lung Lesion], synonyms: [necrotic lung], associatedTerms: [foul sputum] }
labels:
  - { name: Gangrene, finding: Lung Gangrene }
  - { name: Necrosis, finding: necrotic lung }
  - { name: Other }
`);
  it('declares findings that labels may stand for, with their words and what they imply', () => {
    expect(mine.finding('Gangrene')?.name).toBe('Lung Gangrene');
    expect(mine.finding('Necrosis')?.name).toBe('Lung Gangrene');
    expect(mine.finding('Other')).toBeUndefined();
    expect(mine.node('Gangrene').associatedTerms).toEqual(['foul sputum']);
    expect(mine.find('necrotic lung')).toBe('Gangrene');
    const opacity = parseLabelGraph('[Lung Opacity]');
    expect(mapLabels(mine, opacity)['Lung Opacity'].from[0]).toEqual({ label: 'Gangrene', relation: 'narrower' });
    expect(new LabelGraph(mine.toDefinition()).finding('Gangrene')?.name).toBe('Lung Gangrene');
  });
  it('lets a graph that does not declare them be matched by them', () => {
    const theirs = parseLabelGraph('[Necrotic Lung]');
    expect(mapLabels(theirs, mine).Gangrene.from).toEqual([{ label: 'Necrotic Lung', relation: 'same' }]);
  });
  it.each([
    ['{"findings": ["a"], "labels": []}', 'expected "findings" to be { name:'],
    ['{"findings": {"A": {"synonym": []}}, "labels": []}', 'got synonym; did you mean "synonyms"?'],
    ['{"findings": {"A": {"umls": 3}}, "labels": []}', 'expected "umls" to be a concept'],
    ['{"findings": {"A": 3}, "labels": []}', 'findings["A"]: expected {'],
    ['{"findings": {"A": {"parents": ["Zzz"]}}, "labels": []}', 'got "Zzz"; declare a new finding under "findings"'],
  ])('refuses %s', (text, message) => {
    expect(() => parseLabelGraph(text, 'g.json')).toThrow(LabelGraphError);
    expect(() => parseLabelGraph(text, 'g.json')).toThrow(message);
  });
});
