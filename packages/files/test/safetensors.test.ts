import { readSafetensors, writeSafetensors } from '../src/index.js';

const tensors = new Map([
  ['w', { shape: [2, 2], data: Float32Array.of(1, 2.5, -3, 4) }],
  ['step', { shape: [], data: Int32Array.of(7) }],
]);

describe('readSafetensors(bytes)', () => {
  it('reads back what writeSafetensors wrote, metadata too', () => {
    const { tensors: read, metadata } = readSafetensors(writeSafetensors(tensors, { metadata: { epoch: '3' } }));
    expect(read).toEqual(tensors);
    expect(metadata).toEqual({ epoch: '3' });
  });
  it('reads halves that were written as float16', () => {
    const bytes = writeSafetensors(tensors, { halves: new Set(['w']) });
    expect(readSafetensors(bytes).tensors).toEqual(tensors);
  });
  it('refuses cut and damaged files', () => {
    const bytes = writeSafetensors(tensors);
    expect(() => readSafetensors(bytes.subarray(0, 4))).toThrow('fewer than 8 bytes');
    expect(() => readSafetensors(bytes.subarray(0, 30))).toThrow('cut one');
    expect(() => readSafetensors(bytes.subarray(0, bytes.length - 1), 'm.safetensors')).toThrow('m.safetensors: ');
    expect(() => readSafetensors(Uint8Array.from([...bytes, 0]))).toThrow('cover the data exactly');
    const huge = bytes.slice();
    huge.fill(255, 0, 8);
    expect(() => readSafetensors(huge)).toThrow('cut one');
  });
  it('refuses to write a tensor whose shape does not fit', () => {
    expect(() => writeSafetensors(new Map([['w', { shape: [3], data: new Float32Array(2) }]]))).toThrow(
      'expected 3 numbers in w',
    );
  });
});
