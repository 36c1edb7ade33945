import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithOnnx, tokenNumberModel } from '@cxr-align/testkit';
import { OnnxModel } from '../src/index.js';

const folderOf = (files: Record<string, Uint8Array | string>): string => {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
};

describeWithOnnx('OnnxModel', () => {
  it('opens the first file that is there, tells its inputs and runs', async () => {
    const folder = folderOf({ 'model.onnx': tokenNumberModel({ output: 'tokens' }) });
    const model = await OnnxModel.open(folder, ['other.onnx', 'model.onnx']);
    expect(model.file).toBe(join(folder, 'model.onnx'));
    expect(model.inputs).toEqual([
      { name: 'input_ids', type: 'int64', shape: [undefined, undefined] },
      { name: 'attention_mask', type: 'int64', shape: [undefined, undefined] },
    ]);
    const ids = { values: BigInt64Array.from([8n, 10n]), shape: [1, 2] };
    const outputs = await model.run({ input_ids: ids, attention_mask: ids });
    expect(outputs.last_hidden_state).toMatchObject({ dims: [1, 2, 2], data: Float32Array.from([0, 1, 2, 1]) });
    await model.dispose();
  });
  it('has another hash for other weights, also where they lie beside the file', async () => {
    const hash = async (files: Record<string, Uint8Array | string>): Promise<string> =>
      (await OnnxModel.open(folderOf(files), ['model.onnx'])).weightsHash;
    const model = tokenNumberModel({ output: 'tokens' });
    expect(await hash({ 'model.onnx': model })).toBe(await hash({ 'model.onnx': model }));
    expect(await hash({ 'model.onnx': tokenNumberModel({ output: 'sentence' }) })).not.toBe(
      await hash({ 'model.onnx': model }),
    );
    expect(await hash({ 'model.onnx': model, 'model.onnx_data': 'x' })).not.toBe(await hash({ 'model.onnx': model }));
  });
  it('says what it looked for, and what does not run', async () => {
    await expect(OnnxModel.open(folderOf({}), ['a.onnx', 'b.onnx'])).rejects.toThrow(
      'expected an encoder: one of a.onnx, b.onnx, got none; export one to this folder',
    );
    const folder = folderOf({ 'a.onnx': 'no model' });
    await expect(OnnxModel.open(folder, ['a.onnx'])).rejects.toThrow('expected an ONNX model, got');
  });
});
