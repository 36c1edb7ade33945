import { startEngine, type EngineName } from '../src/index.js';

/** The engines that compute by TensorFlow, of those that TEST_BACKENDS names, as testkit has them: it depends on this package. */
const engines = (process.env.TEST_BACKENDS ?? '')
  .replace(/^=/, '')
  .split(',')
  .filter((name): name is EngineName => name === 'native' || name === 'cuda');

/** A `describe` block that runs once on each of them, and is skipped without one. */
export function describeTensorflow(name: string, body: (engine: EngineName) => void): void {
  if (engines.length === 0) {
    describe.skip(`${name} (TEST_BACKENDS names no TensorFlow engine)`, () => body('native'));
    return;
  }
  describe.each(engines)(`${name} on %s`, (engine) => {
    beforeAll(async () => {
      await startEngine(engine);
    });
    body(engine);
  });
}
