import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeNpy } from '@cxr-align/files';
import { itWithShared } from '@cxr-align/testkit';
import { loadPromptEmbeddings, similarityMatrix } from '../src/index.js';

const saved = (shape: number[], values: number[]): string => {
  const file = join(mkdtempSync(join(tmpdir(), 'prompts-')), 'e.npy');
  writeFileSync(file, writeNpy({ shape, data: Float32Array.from(values) }));
  return file;
};

describe('loadPromptEmbeddings(file)', () => {
  it('reads a matrix, rows numbered without labels', () => {
    expect(loadPromptEmbeddings(saved([2, 2], [1, 2, 3, 4]))).toEqual({
      labels: ['0', '1'],
      dim: 2,
      values: Float32Array.of(1, 2, 3, 4),
    });
  });
  it('says what is wrong', () => {
    expect(() => loadPromptEmbeddings(saved([4], [1, 2, 3, 4]))).toThrow('expected embeddings [labels, dim], got [4]');
    expect(() => loadPromptEmbeddings(saved([2, 2], [1, 2, 3, 4]), { labels: ['a'] })).toThrow(
      'expected a row for each of 1 labels, got 2',
    );
    expect(() => loadPromptEmbeddings(saved([2, 2], [1, 2, 3, 4]), { dim: 3 })).toThrow(
      'expected vectors of 3 numbers, got 2',
    );
    expect(() => loadPromptEmbeddings(saved([2, 2], [1, 2, NaN, 4]))).toThrow('got NaN in row 1, column 0');
    expect(() => loadPromptEmbeddings('/nowhere.npy')).toThrow('ENOENT');
  });
  for (const name of ['clip-vit-b32', 'biomedclip', 'clip-vit-b32-unnormalised']) {
    itWithShared(`data/prompt-embeddings/${name}.npy`, `has the reference cosines of ${name}`, (path) => {
      const { values, dim } = loadPromptEmbeddings(path);
      const reference = JSON.parse(
        readFileSync(path.replace('.npy', '.cosine.json'), 'utf8'),
      ).cosine.flat() as number[];
      const { cosine } = similarityMatrix(values, dim);
      reference.forEach((value, i) => expect(Math.abs(cosine[i] - value)).toBeLessThan(2e-6));
    });
  }
  itWithShared('data/bad/nan-embedding.npy', 'refuses nan-embedding.npy', (path) => {
    expect(() => loadPromptEmbeddings(path)).toThrow('row 3');
  });
  itWithShared('data/bad/wrong-dim.npy', 'refuses wrong-dim.npy in a 512-wide space', (path) => {
    expect(() => loadPromptEmbeddings(path, { dim: 512 })).toThrow('expected vectors of 512 numbers, got 511');
  });
  itWithShared('data/bad/fortran-order.npy', 'reads fortran-order.npy in the right order', (path) => {
    const { values, dim } = loadPromptEmbeddings(path);
    const whole = loadPromptEmbeddings(path.replace('bad/fortran-order', 'prompt-embeddings/clip-vit-b32'));
    for (let row = 0; row < 14; row++) {
      for (let i = 0; i < dim; i++) expect(values[row * dim + i]).toBeCloseTo(whole.values[row * whole.dim + i], 6);
    }
  });
});

describe('similarityMatrix(values, dim)', () => {
  it('excludes the diagonal from the statistics', () => {
    const { cosine, offDiagonal } = similarityMatrix(Float32Array.of(2, 0, 0, 3, 1, 1), 2);
    expect(cosine[0]).toBe(1);
    expect(cosine[1]).toBe(0);
    expect(offDiagonal.mean).toBeCloseTo((2 * Math.SQRT1_2) / 3, 6);
    expect([offDiagonal.min, offDiagonal.max]).toEqual([0, expect.closeTo(Math.SQRT1_2, 6)]);
    expect(similarityMatrix(Float32Array.of(1, 0), 2).offDiagonal.mean).toBeNaN();
  });
  it('takes 600 rows, whose pairs are more than a call may have arguments', () => {
    const values = Float32Array.from({ length: 1200 }, (_, i) => Math.sin(i) + (i % 2));
    const { offDiagonal } = similarityMatrix(values, 2);
    expect(offDiagonal.min).toBeLessThan(offDiagonal.mean);
    expect(offDiagonal.max).toBeLessThanOrEqual(1 + 1e-6);
  });
});
