import { startEngine, type EngineName } from '@cxr-align/engine';

/**
 * The engines that tests run on: `cpu` and `wasm`, and those that TEST_BACKENDS names besides (comma-separated); those
 * alone with a leading `=`.
 */
export const testedEngines = chosenEngines(process.env.TEST_BACKENDS ?? '') as readonly EngineName[];

function chosenEngines(wish: string): string[] {
  const named = wish.replace(/^=/, '').split(',').filter(Boolean);
  return wish.startsWith('=') ? named : [...new Set(['cpu', 'wasm', ...named])];
}

/** A `describe` block that runs once on each tested engine. */
export function describeBackends(name: string, body: (engine: EngineName) => void): void {
  describe.each(testedEngines)(`${name} on %s`, (engine) => {
    beforeAll(async () => {
      await startEngine(engine);
    });
    body(engine);
  });
}
