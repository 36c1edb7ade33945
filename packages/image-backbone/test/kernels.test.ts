import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';
import { kernelsModule } from '../src/kernels-module.js';
import { bandValues, upperBytes } from '../src/kernels.js';

const wat = fileURLToPath(new URL('../src/kernels.wat', import.meta.url));

describe('upperBytes(values)', () => {
  it.each([0, 1, 15, 16, 17, 1000, bandValues + 5])('takes every second byte of %i values', (count) => {
    const values = Uint8Array.from({ length: 2 * count }, (_, at) => (at * 7 + (at >> 8)) & 255);
    const upper = upperBytes(values);
    expect(upper).toHaveLength(count);
    expect(upper.every((value, at) => value === values[2 * at + 1])).toBe(true);
  });
});

describe('kernels-module.ts', () => {
  it('is what kernels.wat says (npm run wat writes it anew)', async () => {
    const { parseWat } = await wabt();
    const module = parseWat(wat, readFileSync(wat, 'utf8'), { simd: true });
    const { buffer } = module.toBinary({});
    module.destroy();
    expect(Buffer.from(kernelsModule).toString('base64')).toBe(Buffer.from(buffer).toString('base64'));
  });
});
