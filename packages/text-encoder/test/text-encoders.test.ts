import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BuiltInTextEncoder, openTextEncoder, registerTextEncoder, textEncoderNames } from '../src/index.js';

const concepts = [{ name: 'Edema', synonyms: ['congestion'], parents: [] }];

describe('openTextEncoder(choice, options)', () => {
  it('opens a built-in encoder by its name, made of the concepts', async () => {
    const encoder = await openTextEncoder('built-in', { concepts });
    expect(encoder).toBeInstanceOf(BuiltInTextEncoder);
    expect(await encoder.encode(['congestion'])).toEqual(await new BuiltInTextEncoder(concepts).encode(['congestion']));
  });
  it('opens a registered encoder, which gets the concepts too', async () => {
    registerTextEncoder('letters', ({ concepts: given = [] }) => ({
      name: 'letters',
      hash: given.map(({ name }) => name).join(),
      dim: 2,
      encode: (texts) => Promise.resolve(Float32Array.from(texts.flatMap((text) => [text.length, 1]))),
    }));
    expect(textEncoderNames()).toEqual(['built-in', 'use-lite', 'letters']);
    const encoder = await openTextEncoder('letters', { concepts });
    expect([encoder.hash, ...(await encoder.encode(['ab']))]).toEqual(['Edema', 2, 1]);
  });
  it('refuses a name that is taken, and one that nobody has', async () => {
    expect(() => registerTextEncoder('use-lite', () => new BuiltInTextEncoder([]))).toThrow(
      'text-encoder/registerTextEncoder: expected a new name, got use-lite, which is registered',
    );
    expect(() => registerTextEncoder('', () => new BuiltInTextEncoder([]))).toThrow('expected a name, got ""');
    await expect(openTextEncoder('constructor')).rejects.toThrow('built-in, use-lite, letters or a folder');
  });
  it('takes any other choice as a folder', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'no-encoder-'));
    await expect(openTextEncoder(empty)).rejects.toThrow('expected an encoder: one of onnx/text_model.onnx');
  });
});
