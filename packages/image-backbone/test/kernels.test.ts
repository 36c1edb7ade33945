import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';
import { kernelsModule } from '../src/kernels-module.js';

const wat = fileURLToPath(new URL('../src/kernels.wat', import.meta.url));

describe('kernels-module.ts', () => {
  it('is what kernels.wat says (npm run wat writes it anew)', async () => {
    const { parseWat } = await wabt();
    const module = parseWat(wat, readFileSync(wat, 'utf8'), { simd: true });
    const { buffer } = module.toBinary({});
    module.destroy();
    expect(Buffer.from(kernelsModule).toString('base64')).toBe(Buffer.from(buffer).toString('base64'));
  });
});
