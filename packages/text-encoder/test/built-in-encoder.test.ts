import { readFileSync } from 'node:fs';
import { RandomStream } from '@cxr-align/random';
import { BuiltInTextEncoder, encodeEnsembles, labelPrompts, type Concept } from '../src/index.js';

interface Finding {
  name: string;
  synonyms?: string[];
  associatedTerms?: string[];
}
interface ShippedSet {
  labels: (Finding & { parents?: string[]; group?: boolean; finding?: string })[];
}
const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../label-graph/src/data/${name}.json`, import.meta.url), 'utf8'));
const { findings } = read('findings') as { findings: Finding[] };

/** The label sets that label-graph ships, read as the data they are: a label has the words of the finding it stands for. */
const shipped = ['chexpert-14', 'nih-14'].map((name) => ({
  name,
  concepts: (read(name) as ShippedSet).labels
    .filter(({ group }) => !group)
    .map(({ name: label, finding: named = label.replace('_', ' '), parents = [], associatedTerms = [] }): Concept => {
      const finding = findings.find((one) => [one.name, ...(one.synonyms ?? [])].some((text) => same(text, named)));
      const words = finding ? [finding.name, ...(finding.synonyms ?? []), ...(finding.associatedTerms ?? [])] : [];
      return { name: label, synonyms: [...words, ...associatedTerms].filter((text) => !same(text, label)), parents };
    }),
}));
function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
const cosine = (vectors: Float32Array, dim: number, i: number, j: number): number => {
  let sum = 0;
  for (let k = 0; k < dim; k++) sum += vectors[i * dim + k] * vectors[j * dim + k];
  return sum;
};
/** The concept whose name is nearest to each text. */
async function nearest(encoder: BuiltInTextEncoder, concepts: Concept[], texts: string[]): Promise<string[]> {
  const vectors = await encoder.encode([...texts, ...concepts.map(({ name }) => name)]);
  return texts.map((_, i) => {
    const scores = concepts.map((__, c) => cosine(vectors, encoder.dim, i, texts.length + c));
    return concepts[scores.indexOf(Math.max(...scores))].name;
  });
}
/** One letter of the longest word changed, doubled or left out. */
function misspell(text: string, random: RandomStream): string {
  const words = text.split(' ');
  const longest = words.reduce((best, word, i) => (word.length > words[best].length ? i : best), 0);
  const word = words[longest];
  const at = 1 + random.integer(word.length - 1);
  const letter = 'abcdefghijklmnopqrstuvwxyz'[random.integer(26)];
  words[longest] = [
    word.slice(0, at) + letter + word.slice(at + 1),
    word.slice(0, at) + word.slice(at - 1),
    word.slice(0, at) + word.slice(at + 1),
  ][random.integer(3)];
  return words.join(' ');
}

describe.each(shipped)('BuiltInTextEncoder on $name', ({ concepts }) => {
  const encoder = new BuiltInTextEncoder(concepts);
  const synonyms = concepts.flatMap(({ name, synonyms: texts }) => texts.map((text) => ({ name, text })));
  const shareRight = async (texts: string[]): Promise<number> => {
    const found = await nearest(encoder, concepts, texts);
    return found.filter((name, i) => name === synonyms[i].name).length / synonyms.length;
  };
  it('finds the label of at least 80 % of the synonyms', async () => {
    expect(synonyms.length).toBeGreaterThan(50);
    expect(await shareRight(synonyms.map(({ text }) => text))).toBeGreaterThanOrEqual(0.8);
  });
  it('also with a typo', async () => {
    const random = new RandomStream({ seed: 3, purpose: 'typos' });
    expect(await shareRight(synonyms.map(({ text }) => misspell(text, random)))).toBeGreaterThanOrEqual(0.8);
  });
  it('also inside a sentence', async () => {
    expect(await shareRight(synonyms.map(({ text }) => `The radiograph shows ${text}.`))).toBeGreaterThanOrEqual(0.8);
  });
});

describe('BuiltInTextEncoder', () => {
  const { concepts } = shipped[0];
  const encoder = new BuiltInTextEncoder(concepts);
  it('gives unit vectors, the same ones in every process', async () => {
    const texts = ['pleural effusion', '', 'xyzzy'];
    const vectors = await encoder.encode(texts);
    expect(await new BuiltInTextEncoder(concepts).encode(texts)).toEqual(vectors);
    expect(cosine(vectors, encoder.dim, 0, 0)).toBeCloseTo(1, 5);
    expect(cosine(vectors, encoder.dim, 1, 1)).toBe(0);
    expect(cosine(vectors, encoder.dim, 2, 2)).toBeCloseTo(1, 5);
  });
  it('puts a child nearer to its parent than to a stranger, and a negation away from its assertion', async () => {
    const vectors = await encoder.encode(['Pneumonia', 'Consolidation', 'Fracture', 'no pneumonia']);
    expect(cosine(vectors, encoder.dim, 0, 1)).toBeGreaterThan(cosine(vectors, encoder.dim, 0, 2) + 0.2);
    expect(cosine(vectors, encoder.dim, 0, 3)).toBeLessThan(0.9);
  });
  it('distinguishes the prompts of all labels', async () => {
    const prompts = labelPrompts(concepts.map(({ name }) => name));
    const vectors = await encodeEnsembles(
      encoder,
      prompts.flatMap(({ positive, negative }) => [positive, negative]),
    );
    for (let i = 0; i < 28; i++)
      for (let j = 0; j < i; j++) expect(cosine(vectors, encoder.dim, i, j)).toBeLessThan(0.97);
  });
});
