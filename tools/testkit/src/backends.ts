import { startEngine, type EngineName } from '@cxr-align/engine';

/** The engines that tests run on: `cpu` and `wasm`, and those that TEST_BACKENDS names besides (comma-separated). */
export const testedEngines: readonly EngineName[] = [
  ...new Set(['cpu', 'wasm', ...(process.env.TEST_BACKENDS?.split(',') ?? [])]),
] as EngineName[];

/** A `describe` block that runs once on each tested engine. */
export function describeBackends(name: string, body: (engine: EngineName) => void): void {
  describe.each(testedEngines)(`${name} on %s`, (engine) => {
    beforeAll(async () => {
      await startEngine(engine);
    });
    body(engine);
  });
}
