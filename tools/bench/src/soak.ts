import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startEngine, type EngineName } from '@cxr-align/engine';
import * as tf from '@tensorflow/tfjs-core';
import { TrainingStep } from './step-model.js';

/** What many steps left behind. */
export interface SoakResult {
  engine: string;
  steps: number;
  /** Tensors after all steps minus those after the first ones. */
  tensorGrowth: number;
  /** Resident memory in MiB after each tenth of the steps, once everything unreachable is collected. */
  residentMiB: number[];
  /** Memory of JavaScript in KiB, likewise. */
  heapKiB: number[];
  /** How much the largest of the later tenths is above the first, as a share. */
  growth: number;
  millisecondsPerStep: number;
}

/** Resident memory may grow by this share after the first tenth; what JavaScript's compiler adds is within it. */
const allowed = 0.02;

/** Takes many small training steps and watches tensors and memory. */
export async function soak(engineName: EngineName, steps: number): Promise<SoakResult> {
  const engine = await startEngine(engineName);
  const step = new TrainingStep({ dim: 16, layers: 1, batch: 4, mixing: 'folded' });
  for (let i = 0; i < 20; i++) await step.run();
  const collect = collector();
  const tensors = tf.memory().numTensors;
  const residentMiB: number[] = [];
  const heapKiB: number[] = [];
  const began = performance.now();
  for (let i = 1; i <= steps; i++) {
    const loss = await step.run();
    if (!Number.isFinite(loss)) throw new Error(`soak: the loss became ${loss} in step ${i}`);
    if (i % Math.ceil(steps / 10) !== 0 && i !== steps) continue;
    collect();
    const { rss, heapUsed, external } = process.memoryUsage();
    residentMiB.push(Number((rss / 2 ** 20).toFixed(1)));
    heapKiB.push(Math.round((heapUsed + external) / 1024));
    process.stderr.write(
      `${i} of ${steps} steps, ${residentMiB.at(-1)} MiB, ${heapKiB.at(-1)} KiB of JavaScript, ${tf.memory().numTensors} tensors\n`,
    );
  }
  return {
    engine: `${engine.name}: ${engine.description}`,
    steps,
    tensorGrowth: tf.memory().numTensors - tensors,
    residentMiB,
    heapKiB,
    growth: Math.max(...residentMiB.slice(1), residentMiB[0]) / residentMiB[0] - 1,
    millisecondsPerStep: (performance.now() - began) / steps,
  };
}

/** Collects all that is unreachable, twice: what a finalizer releases goes with the second. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return () => {
    collect();
    collect();
  };
}

/** Whether nothing grew. */
export function isSteady({ tensorGrowth, growth }: SoakResult): boolean {
  return tensorGrowth === 0 && growth <= allowed;
}

/** The result in a line or two. */
export function soakText(result: SoakResult): string {
  const { engine, steps, tensorGrowth, residentMiB, heapKiB, growth, millisecondsPerStep } = result;
  return [
    `${engine}: ${steps} steps of ${millisecondsPerStep.toFixed(1)} ms, ${tensorGrowth} tensors more`,
    `resident memory after each tenth: ${residentMiB.join(', ')} MiB; ${(100 * growth).toFixed(1)} % above the first at most, ${100 * allowed} % allowed`,
    `memory of JavaScript: ${heapKiB.join(', ')} KiB`,
    isSteady(result) ? 'steady' : 'IT GROWS',
  ].join('\n');
}
