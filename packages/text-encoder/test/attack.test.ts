import { describeWithPackages, expectClose, itWithShared } from '@cxr-align/testkit';
import fc from 'fast-check';
import {
  attackAlphabet,
  attackMethods,
  attackPrompt,
  BuiltInTextEncoder,
  conceptDimensions,
  naturalEdits,
  OnnxTextEncoder,
  rowCosine,
  type TextEncoder,
} from '../src/index.js';

const builtIn = new BuiltInTextEncoder(
  [
    { name: 'Edema', synonyms: ['vascular congestion'], parents: ['Lung Opacity'] },
    { name: 'Lung Opacity', synonyms: [], parents: [] },
    { name: 'Fracture', synonyms: ['broken rib'], parents: [] },
  ],
  { dim: 64 },
);
/** Each character is a direction of its own, some of them strong. */
const letters: TextEncoder = {
  name: 'letters',
  hash: 'letters',
  dim: 8,
  encode: (texts) => {
    const out = new Float32Array(texts.length * 8);
    texts.forEach((text, row) =>
      [...text].forEach((letter) => (out[row * 8 + (letter.charCodeAt(0) % 8)] += letter === 'Z' ? 9 : 1)),
    );
    return Promise.resolve(out);
  },
};

describe('attackPrompt(encoder, text, options)', () => {
  it.each(attackMethods)('keeps to its budget, and its best never rises: %s', async (method) => {
    for (const budget of [1, 7, 300]) {
      const attack = await attackPrompt(builtIn, 'There is edema.', { method, budget, length: 3 });
      expect(attack.evaluations).toBeLessThanOrEqual(budget);
      attack.history.forEach(({ cosine }, i) =>
        expect(cosine).toBeLessThan(i === 0 ? 1 : attack.history[i - 1].cosine),
      );
      expect(attack.cosine).toBe(attack.history.at(-1)?.cosine ?? 1);
      expect(await attackPrompt(builtIn, 'There is edema.', { method, budget, length: 3 })).toEqual(attack);
    }
  });
  it.each(attackMethods)('says the cosine of the text that it tells: %s', async (method) => {
    const { text, suffix, cosine } = await attackPrompt(builtIn, 'edema', { method, budget: 200 });
    expect(text).toBe(`edema ${suffix}`);
    expect(suffix).toHaveLength(5);
    const vectors = await builtIn.encode(['edema', text]);
    expectClose([rowCosine(vectors, vectors, { dim: 64, a: 0, b: 1 })], [cosine], 1e-6);
  });
  it('finds the best suffix there is, greedily, where places do not interfere', async () => {
    const { suffix } = await attackPrompt(letters, 'abc', { length: 2, alphabet: 'aZb' });
    expect(suffix).toBe('ZZ');
  });
  it('is better greedily than at random, at the same budget: over several texts', async () => {
    // One text alone may be an exception: here a suffix that happens to hold a negation is met by chance or not at all.
    const texts = ['There is edema.', 'There is no fracture.', 'a lung opacity', 'broken rib', 'vascular congestion'];
    const mean = async (method: 'random' | 'greedy'): Promise<number> => {
      let sum = 0;
      for (const text of texts) sum += (await attackPrompt(builtIn, text, { method, length: 4, budget: 400 })).cosine;
      return sum / texts.length;
    };
    expect(await mean('greedy')).toBeLessThan(await mean('random'));
  });
  it('looks at the dimensions alone that count', async () => {
    const { cosine } = await attackPrompt(letters, 'abc', { length: 1, alphabet: 'Z', dimensions: [1] });
    expectClose([cosine], [1]);
  });
  it('refuses a suffix of no character', async () => {
    await expect(attackPrompt(letters, 'abc', { length: 0 })).rejects.toThrow('expected a length and a budget of 1');
  });
  describeWithPackages(['onnxruntime-node', '@huggingface/tokenizers'], 'with a real encoder', () => {
    itWithShared('models/all-minilm-l6-v2', 'moves its embedding more greedily than at random', async (folder) => {
      const encoder = await OnnxTextEncoder.load(folder);
      const best = async (method: 'random' | 'greedy'): Promise<number> =>
        (await attackPrompt(encoder, 'There is a pleural effusion.', { method, length: 3, budget: 200 })).cosine;
      const [random, greedy] = [await best('random'), await best('greedy')];
      expect(greedy).toBeLessThan(0.85);
      expect(greedy).toBeLessThanOrEqual(random);
      await encoder.dispose?.();
    });
  });
});

describe('conceptDimensions(encoder, pairs)', () => {
  it('finds those that change in one direction in nearly all pairs', async () => {
    const pairs = ['a', 'b', 'c'].map((text) => ({ with: `${text}h`, without: text }));
    expect(await conceptDimensions(letters, pairs)).toEqual(['h'.charCodeAt(0) % 8]);
    const mixed = [...pairs, { with: 'a', without: 'ah' }];
    expect(await conceptDimensions(letters, mixed)).toEqual([]);
    expect(await conceptDimensions(letters, mixed, { agree: 0.75 })).toEqual([0]);
    expect(await conceptDimensions(letters, [])).toEqual([]);
  });
});

describe('naturalEdits(text, words)', () => {
  it('writes a text as others might', () => {
    const words = { name: 'edema', synonyms: ['congestion'], others: ['edema'], negative: ['no edema'] };
    const edits = naturalEdits('There is edema.', words);
    expect(edits.map(({ edit, text }) => (edit === 'typo' ? [edit] : [edit, text]))).toEqual([
      ['case', 'THERE IS EDEMA.'],
      ['typo'],
      ['synonym', 'There is congestion.'],
      ['template', 'edema'],
      ['negation', 'no edema'],
    ]);
  });
  it('keeps the letters of a text with a typo', () => {
    fc.assert(
      fc.property(fc.constantFrom(...attackAlphabet), fc.nat(), (letter, seed) => {
        const text = `${letter}abcdefg h`;
        const typo = naturalEdits(text, { name: 'x' }, { seed }).find(({ edit }) => edit === 'typo')!.text;
        return typo !== text && [...typo].sort().join('') === [...text].sort().join('');
      }),
    );
  });
});
