import { startEngine, type EngineName } from '@cxr-align/engine';
import { testedEngines } from './backends.js';

/** The engines that compute by TensorFlow, of those that TEST_BACKENDS names; it may not be set up, so none is tested unasked. */
const tensorflowEngines = testedEngines.filter((engine) => engine === 'native' || engine === 'cuda');

/** A `describe` block that runs once on each TensorFlow engine that TEST_BACKENDS names (`native`, `cuda`), and is skipped without one. */
export function describeTensorflow(name: string, body: (engine: EngineName) => void): void {
  if (tensorflowEngines.length === 0) {
    describe.skip(`${name} (TEST_BACKENDS names no TensorFlow engine)`, () => body('native'));
    return;
  }
  describe.each(tensorflowEngines)(`${name} on %s`, (engine) => {
    beforeAll(async () => {
      await startEngine(engine);
    });
    body(engine);
  });
}
