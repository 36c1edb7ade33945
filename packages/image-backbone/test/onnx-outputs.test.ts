import type { OnnxTensor } from '@cxr-align/onnx';
import { chooseOutputs, mapLayout } from '../src/frozen/onnx-outputs.js';

const tensor = (dims: number[], type = 'float32'): OnnxTensor =>
  ({ dims, type, data: new Float32Array(dims.reduce((product, size) => product * size, 1)) }) as unknown as OnnxTensor;

describe('chooseOutputs(outputs, file)', () => {
  it('takes the known names first, else the first of the shape', () => {
    const outputs = { other: tensor([1, 4]), features: tensor([1, 8]), grid: tensor([1, 8, 2, 2]) };
    expect(chooseOutputs(outputs, 'model.onnx')).toEqual({ pooled: 'features', map: 'grid' });
  });
  it('refuses outputs that are no vector and no map, by what they are', () => {
    expect(() => chooseOutputs({ y: tensor([4]), ids: tensor([1, 2], 'int64') }, 'model.onnx')).toThrow(
      'model.onnx: expected an output float32 [batch, dim] or a map, got y float32 [4], ids int64 [1,2]; export',
    );
  });
});

describe('mapLayout(dims, isChannelsLast, file)', () => {
  it('knows maps with channels first and last, and tokens with some before the patches', () => {
    expect(mapLayout([1, 8, 7, 7], false, 'm')).toEqual({ grid: 7, dim: 8, extra: 0 });
    expect(mapLayout([1, 7, 7, 8], true, 'm')).toEqual({ grid: 7, dim: 8, extra: 0 });
    expect(mapLayout([1, 50, 8], false, 'm')).toEqual({ grid: 7, dim: 8, extra: 1 });
  });
  it('refuses maps that are not square', () => {
    expect(() => mapLayout([1, 8, 7, 6], false, 'm')).toThrow(
      'm: expected a square map, got [1,8,7,6]; export the encoder with a square input',
    );
    expect(() => mapLayout([1, 63, 8], false, 'm')).toThrow(
      'm: expected tokens of a square map and at most 8 others, got [1,63,8]; export the encoder with a square input',
    );
  });
});
