import { jest } from '@jest/globals';

describe('import of the package', () => {
  it('compiles no WebAssembly; the first draw of many words does, once', async () => {
    const { WebAssembly } = globalThis as unknown as { WebAssembly: { Module: new (bytes: Uint8Array) => object } };
    const compile = jest.spyOn(WebAssembly, 'Module');
    const { RandomStream } = await import('../src/index.js');
    const random = new RandomStream({ seed: 1, purpose: 'test' });
    random.nextWord();
    expect(compile).not.toHaveBeenCalled();
    random.dropoutMask(1000, 0.5);
    random.dropoutMask(1000, 0.5);
    expect(compile).toHaveBeenCalledTimes(1);
  });
});
