import { startEngine, type EngineName } from '@cxr-align/engine';
import * as tf from '@tensorflow/tfjs-core';
import { TrainingStep } from './step-model.js';

/** What many steps left behind. */
export interface SoakResult {
  engine: string;
  steps: number;
  /** Tensors after all steps minus those after the first ones. */
  tensorGrowth: number;
  /** Resident memory in MiB after each tenth of the steps. */
  residentMiB: number[];
  /** The largest of the last half minus the largest of the first half, without its first tenth. */
  growthMiB: number;
  millisecondsPerStep: number;
}

/** More than this over half of the steps is growth, and not the noise of collections. */
const allowedMiB = 48;

/** Takes many small training steps and watches tensors and memory. */
export async function soak(engineName: EngineName, steps: number): Promise<SoakResult> {
  const engine = await startEngine(engineName);
  const step = new TrainingStep({ dim: 16, layers: 1, batch: 4, mixing: 'folded' });
  for (let i = 0; i < 20; i++) await step.run();
  const tensors = tf.memory().numTensors;
  const residentMiB: number[] = [];
  const began = performance.now();
  for (let i = 1; i <= steps; i++) {
    const loss = await step.run();
    if (!Number.isFinite(loss)) throw new Error(`soak: the loss became ${loss} in step ${i}`);
    if (i % Math.ceil(steps / 10) === 0 || i === steps) {
      residentMiB.push(Math.round(process.memoryUsage().rss / 2 ** 20));
      process.stderr.write(`${i} of ${steps} steps, ${residentMiB.at(-1)} MiB, ${tf.memory().numTensors} tensors\n`);
    }
  }
  const half = residentMiB.length >> 1;
  return {
    engine: `${engine.name}: ${engine.description}`,
    steps,
    tensorGrowth: tf.memory().numTensors - tensors,
    residentMiB,
    growthMiB: Math.max(...residentMiB.slice(half)) - Math.max(...residentMiB.slice(1, half)),
    millisecondsPerStep: (performance.now() - began) / steps,
  };
}

/** Whether nothing grew. */
export function isSteady({ tensorGrowth, growthMiB }: SoakResult): boolean {
  return tensorGrowth === 0 && growthMiB <= allowedMiB;
}

/** The result in a line or two. */
export function soakText(result: SoakResult): string {
  const { engine, steps, tensorGrowth, residentMiB, growthMiB, millisecondsPerStep } = result;
  return [
    `${engine}: ${steps} steps of ${millisecondsPerStep.toFixed(1)} ms, ${tensorGrowth} tensors more`,
    `resident memory after each tenth: ${residentMiB.join(', ')} MiB; second half ${growthMiB} MiB above the first, ${allowedMiB} allowed`,
    isSteady(result) ? 'steady' : 'IT GROWS',
  ].join('\n');
}
