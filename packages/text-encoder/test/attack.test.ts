import { mkdtempSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startEngine } from '@cxr-align/engine';
import {
  describeWithPackages,
  expectClose,
  itWithShared,
  operationsModel,
  tokenNumberModel,
  wordTokenizer,
} from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {
  attackAlphabet,
  attackMethodsOf,
  attackPrompt,
  BuiltInTextEncoder,
  conceptDimensions,
  naturalEdits,
  OnnxTextEncoder,
  rowCosine,
  type AttackMethod,
  type TextEncoder,
  type TextGradients,
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

const words = ['word', ...'abcdefgh'];

function folderOf(files: Record<string, Uint8Array | string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'text-'));
  for (const [name, content] of Object.entries({ ...wordTokenizer(words), ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** An encoder in ONNX that bends the vectors of a table with three numbers a token. */
function tableEncoder(pooling: 'mean' | 'cls' = 'mean'): string {
  const count = 4 + words.length;
  const table = Float32Array.from({ length: 3 * count }, (_, at) => Math.sin(7.3 * at + 1));
  return folderOf({
    'model.onnx': operationsModel({
      inputs: { input_ids: { rank: 2, isWhole: true } },
      lists: { same: [-1, 0] },
      weights: { table: { shape: [count, 3], type: 1, bytes: new Uint8Array(table.buffer) } },
      nodes: [
        ['Cast', ['input_ids'], 'cast', { to: 7 }],
        ['Reshape', ['cast', 'same'], 'ids'],
        ['Gather', ['table', 'ids'], 'vectors'],
        ['Identity', ['vectors'], 'y'],
      ],
    }),
    '1_Pooling/config.json': JSON.stringify({
      pooling_mode_cls_token: pooling === 'cls',
      pooling_mode_mean_tokens: pooling === 'mean',
    }),
  });
}

describe('attackPrompt(encoder, text, options)', () => {
  it.each(attackMethodsOf(builtIn))('keeps to its budget, and its best never rises: %s', async (method) => {
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
  it.each(attackMethodsOf(builtIn))('returns the cosine of the text that it returns: %s', async (method) => {
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
  it('refuses a suffix of no character, and slopes of what has none', async () => {
    await expect(attackPrompt(letters, 'abc', { length: 0 })).rejects.toThrow('expected a length and a budget of 1');
    await expect(attackPrompt(letters, 'abc', { method: 'gradient' })).rejects.toThrow(
      'expected a method of random, greedy, genetic with letters, which cannot be differentiated; got gradient',
    );
  });
  describeWithPackages(['onnxruntime-node', '@huggingface/tokenizers'], 'with a real encoder', () => {
    itWithShared('models/all-minilm-l6-v2', 'moves its embedding more greedily than at random', async (folder) => {
      await startEngine('wasm');
      const encoder = await OnnxTextEncoder.load(folder);
      const best = async (method: AttackMethod): Promise<number> =>
        (await attackPrompt(encoder, 'There is a pleural effusion.', { method, length: 3, budget: 200 })).cosine;
      const [random, greedy, gradient] = [await best('random'), await best('greedy'), await best('gradient')];
      expect(greedy).toBeLessThan(0.85);
      expect(greedy).toBeLessThanOrEqual(random);
      expect(gradient).toBeLessThan(0.85);
      expect(gradient).toBeLessThanOrEqual(random);
      await encoder.dispose?.();
    });
    it('keeps to its budget by slopes, its best never rises, and it leaves no tensor', async () => {
      await startEngine('wasm');
      const encoder = await OnnxTextEncoder.load(tableEncoder());
      const before = tf.memory().numTensors;
      for (const budget of [1, 7, 60]) {
        const options = { method: 'gradient' as const, budget, length: 1, alphabet: 'abcdefgh' };
        const { evaluations, history, cosine } = await attackPrompt(encoder, 'word', options);
        expect(evaluations).toBeLessThanOrEqual(budget);
        history.forEach((one, i) => expect(one.cosine).toBeLessThan(i === 0 ? 1 : history[i - 1].cosine));
        expect(cosine).toBe(history.at(-1)?.cosine ?? 1);
        // The best of eight letters is among those that are tried with 60 texts.
        const all = await encoder.encode(['word', ...[...'abcdefgh'].map((letter) => `word ${letter}`)]);
        const cosines = [1, 2, 3, 4, 5, 6, 7, 8].map((b) => rowCosine(all, all, { dim: 3, a: 0, b }));
        if (budget === 60) expectClose([cosine], [Math.min(...cosines)]);
      }
      // One search after another reads the model once.
      expect(await encoder.gradients()).toBe(await encoder.gradients());
      await encoder.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
    it('tries the letter first for which the gradient predicts the largest decrease', async () => {
      await startEngine('wasm');
      const encoder = await OnnxTextEncoder.load(tableEncoder());
      const texts: string[][] = [];
      let calls = 0;
      const watched: TextEncoder = {
        ...encoder,
        dim: encoder.dim,
        gradients: async () => {
          const real = await encoder.gradients();
          const cosineGradient: TextGradients['cosineGradient'] = (...given) => (
            calls++,
            real.cosineGradient(...given)
          );
          return Object.assign(Object.create(real) as TextGradients, { cosineGradient });
        },
        encode: (some) => (texts.push([...some]), encoder.encode(some)),
      };
      const options = { method: 'gradient' as const, budget: 40, length: 1, alphabet: 'abcdefgh', seed: 1 };
      const { evaluations } = await attackPrompt(watched, 'word', options);
      // A gradient costs as much as three texts.
      expect(evaluations).toBe(texts.slice(1).flat().length + 3 * calls);
      const [original, drawn, tried] = texts;
      const gradients = await encoder.gradients();
      const vectors = await encoder.encode([...drawn]);
      const own = await encoder.encode(original);
      const cosines = drawn.map((_, b) => rowCosine(own, vectors, { dim: 3, a: 0, b }));
      const start = drawn[cosines.indexOf(Math.min(...cosines))];
      const local = await gradients.cosineGradient(start, own);
      const at = local.tokens.length - 2;
      const predicted = (text: string): number => {
        const [from, to] = [start, text].map((one) => gradients.tokenEmbedding(gradients.tokensOf(one)[at]));
        return to.reduce((sum, value, i) => sum + local.gradient[at * 3 + i] * (value - from[i]), 0);
      };
      const predictions = tried.map(predicted);
      expect(predictions).toEqual([...predictions].sort((a, b) => a - b));
      expect(predictions[0]).toBeLessThan(predictions.at(-1)!);
      await encoder.dispose();
    });
  });
});

describeWithPackages(['onnxruntime-node', '@huggingface/tokenizers'], 'OnnxTextEncoder.gradients()', () => {
  beforeAll(async () => {
    await startEngine('wasm');
  });
  it.each(['mean', 'cls'] as const)('are those of the cosine in the token embeddings: %s', async (pooling) => {
    const encoder = await OnnxTextEncoder.load(tableEncoder(pooling));
    const gradients = await encoder.gradients();
    const to = Float32Array.of(1, -2, 0.5);
    const cosineOf = (vectors: Float32Array[], counted: readonly number[]): number => {
      const used = pooling === 'cls' ? vectors.slice(0, 1) : vectors;
      const own = [0, 1, 2].map((i) => used.reduce((sum, vector) => sum + vector[i], 0));
      const sum = (f: (i: number) => number): number => counted.reduce((total, i) => total + f(i), 0);
      return sum((i) => own[i] * to[i]) / Math.sqrt(sum((i) => own[i] ** 2) * sum((i) => to[i] ** 2));
    };
    for (const dimensions of [
      [0, 1, 2],
      [0, 2],
    ]) {
      const { tokens, cosine, gradient: found } = await gradients.cosineGradient('word a c', to, dimensions);
      const vectors = tokens.map((token) => gradients.tokenEmbedding(token));
      expectClose([cosine], [cosineOf(vectors, dimensions)]);
      const moved = (at: number, delta: number): number => {
        const changed = vectors.map((vector) => vector.slice());
        changed[Math.floor(at / 3)][at % 3] += delta;
        return cosineOf(changed, dimensions);
      };
      expectClose(
        found,
        Array.from(found, (_, at) => (moved(at, 1e-3) - moved(at, -1e-3)) / 2e-3),
        1e-3,
      );
    }
    await encoder.dispose();
  });
  itWithShared('models/all-minilm-l6-v2', 'belong to the encoder that encodes: MiniLM', async (folder) => {
    const encoder = await OnnxTextEncoder.load(folder);
    const gradients = await encoder.gradients();
    const [text, other] = ['There is a pleural effusion.', 'enlarged heart'];
    const vectors = await encoder.encode([text, other]);
    const { cosine } = await gradients.cosineGradient(text, vectors.subarray(encoder.dim));
    expectClose([cosine], [rowCosine(vectors, vectors, { dim: encoder.dim, a: 0, b: 1 })], 1e-5);
    await encoder.dispose();
  });
  it('refuses an encoder without a table of token embeddings', async () => {
    const encoder = await OnnxTextEncoder.load(folderOf({ 'model.onnx': tokenNumberModel({ output: 'tokens' }) }));
    await expect(encoder.gradients()).rejects.toThrow('expected an encoder with a table of token embeddings');
    await encoder.dispose();
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
  it('takes a synonym as it is written, with dollar signs too', () => {
    const [, , synonym] = naturalEdits('There is edema.', { name: 'edema', synonyms: ["$& and $'"] });
    expect(synonym.text).toBe("There is $& and $'.");
  });
  it('varies a text', () => {
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
