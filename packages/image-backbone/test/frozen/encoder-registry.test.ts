import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { averagePoolModel, describeWithOnnx } from '@cxr-align/testkit';
import {
  imageEncoderKinds,
  openImageEncoder,
  OnnxImageEncoder,
  registerImageEncoder,
  type FrozenImageEncoder,
} from '../../src/index.js';

const folderOf = (files: Record<string, Uint8Array | string>): string => {
  const folder = mkdtempSync(join(tmpdir(), 'registry-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
};
/** The mean of each image: an encoder of another kind. */
const meanEncoder: FrozenImageEncoder = {
  name: 'mean',
  weightsHash: '0',
  preprocessing: { size: 2, fit: 'stretch', resize: 2, channels: 1, rescale: 1, mean: [0], std: [1] },
  dim: 1,
  encode: (images) =>
    Promise.resolve({ pooled: Float32Array.from(images, (image) => image.reduce((sum, one) => sum + one, 0) / 4) }),
  dispose: () => Promise.resolve(),
};

describeWithOnnx('registerImageEncoder(kind, open)', () => {
  it('adds a kind that openImageEncoder opens; the built-in ones are registered alike', async () => {
    expect(imageEncoderKinds()).toEqual(['onnx', 'tensorflow']);
    registerImageEncoder('mean', (folder) =>
      Promise.resolve(existsSync(join(folder, 'mean.txt')) ? meanEncoder : undefined),
    );
    expect(imageEncoderKinds()).toEqual(['onnx', 'tensorflow', 'mean']);
    const encoder = await openImageEncoder(folderOf({ 'mean.txt': '' }));
    expect((await encoder.encode([Uint8Array.of(1, 2, 3, 6)])).pooled).toEqual(Float32Array.of(3));
    const onnx = averagePoolModel({ channels: 1, window: 4, output: 'both' });
    const files = { 'model.onnx': onnx, 'preprocess.json': '{"size": 8}' };
    expect(await openImageEncoder(folderOf(files))).toBeInstanceOf(OnnxImageEncoder);
    // What is registered later is tried first.
    expect(await openImageEncoder(folderOf({ ...files, 'mean.txt': '' }))).toBe(meanEncoder);
    expect(() => registerImageEncoder('onnx', () => Promise.resolve(undefined))).toThrow('got onnx again');
    await expect(openImageEncoder(folderOf({}))).rejects.toThrow('expected an encoder: one of model.json, model.onnx');
  });
});
