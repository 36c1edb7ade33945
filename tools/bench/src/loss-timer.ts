import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { startEngine, type EngineName } from '@cxr-align/engine';
import { createStepCapture } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import { lossCases, type LossCase, type Size } from './loss-cases.js';
import { median } from './run-program.js';

/** What one loss takes at one size. */
export interface Timing {
  /** Milliseconds, medians. */
  forward: number;
  forwardBackward: number;
  /** The fastest run of both passes: what other programs disturbed least. */
  fastest: number;
  /** Bytes of data alive at the worst moment of both passes, beyond the inputs, by the bytes of the learned input. */
  peak?: number;
  /** Why passes were not replayed, where a capture was wanted. */
  reason?: string;
  /** Of PyTorch. */
  version?: string;
}

/** A program that times one loss at a time: it reads `{ loss, ms }`, a line each, and answers with a {@link Timing}. */
export class LossTimer {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: Interface;
  private stderr = '';

  constructor(
    readonly name: string,
    command: string,
    args: readonly string[],
  ) {
    this.child = spawn(command, args);
    this.lines = createInterface(this.child.stdout);
    this.child.stderr.on('data', (part: Buffer) => (this.stderr = (this.stderr + part.toString()).slice(-2000)));
    this.child.stdin.on('error', () => undefined); // a program that ended is reported by `time`
  }

  /** @throws {Error} with what the program printed if it ends instead of answering. */
  time(loss: string, ms: number): Promise<Timing> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error(`${this.name} ended while ${loss} was timed\n${this.stderr}`));
      if (this.child.exitCode !== null) return ended();
      this.child.once('close', ended);
      this.lines.once('line', (line) => {
        this.child.off('close', ended);
        resolve(JSON.parse(line) as Timing);
      });
      this.child.stdin.write(`${JSON.stringify({ loss, ms })}\n`);
    });
  }

  end(): void {
    this.child.stdin.end();
  }
}

/** The program behind a {@link LossTimer}: times the losses of this repository on one engine until its input ends. */
export async function serveLossTimings(engine: EngineName, size: Size, isCaptured: boolean): Promise<void> {
  await startEngine(engine);
  const cases: Record<string, LossCase> = lossCases(size, []);
  const timed = new Map<string, TimedLoss>();
  for await (const line of createInterface(process.stdin)) {
    const { loss, ms } = JSON.parse(line) as { loss: string; ms: number };
    let one = timed.get(loss);
    if (!one) timed.set(loss, (one = new TimedLoss(cases[loss], peakOf(cases[loss]), isCaptured)));
    console.log(JSON.stringify(await one.time(ms)));
  }
}

/** One loss on the current engine. */
class TimedLoss {
  private readonly forward: () => tf.Tensor;
  private readonly both: () => tf.Tensor;
  private readonly reason: () => string | undefined;

  constructor(
    { input, run }: LossCase,
    private readonly peak: number,
    isCaptured: boolean,
  ) {
    const gradient = tf.valueAndGrad(run);
    const captures = [0, 1].map(() => createStepCapture({ stepCapture: isCaptured ? 'auto' : 'off' }));
    let step = 0;
    const replayed = (capture: (typeof captures)[0], compute: () => tf.NamedTensorMap): tf.Tensor => {
      const { value, ...others } = capture.run({ inputs: [input], step: step++ }, compute);
      tf.dispose(others);
      return value;
    };
    this.forward = () => replayed(captures[0], () => ({ value: run(input) }));
    this.both = () => replayed(captures[1], () => ({ ...gradient(input) }));
    this.reason = () => (isCaptured ? captures[1].report().reason : undefined);
  }

  async time(ms: number): Promise<Timing> {
    const forward = await timesOf(this.forward, ms);
    const both = await timesOf(this.both, ms);
    return {
      forward: median(forward),
      forwardBackward: median(both),
      fastest: Math.min(...both),
      peak: this.peak,
      reason: this.reason(),
    };
  }
}

/**
 * Bytes of data at the worst moment of both passes, beyond those before, by the bytes of the input. `tf.memory` counts a
 * clone or another shape of the same data again; this does not.
 */
export function peakOf({ input, run }: LossCase): number {
  const engine = tf.engine() as unknown as DataTracking;
  const { trackTensor, removeDataId } = engine;
  const alive = new Map<object, number>();
  let [bytes, peak] = [0, 0];
  engine.trackTensor = (tensor, backend) => {
    if (!engine.state.tensorInfo.has(tensor.dataId)) {
      alive.set(tensor.dataId, tensor.size * tf.util.bytesPerElement(tensor.dtype));
      peak = Math.max(peak, (bytes += alive.get(tensor.dataId)!));
    }
    trackTensor.call(engine, tensor, backend);
  };
  engine.removeDataId = (dataId, backend) => {
    bytes -= alive.get(dataId) ?? 0;
    removeDataId.call(engine, dataId, backend);
  };
  tf.tidy(() => void tf.valueAndGrad(run)(input));
  Object.assign(engine, { trackTensor, removeDataId });
  return peak / (input.size * 4);
}

/** How TensorFlow.js learns that there is a tensor, and that its data is gone. */
interface DataTracking {
  state: { tensorInfo: { has(dataId: object): boolean } };
  trackTensor(tensor: tf.Tensor, backend: unknown): void;
  removeDataId(dataId: object, backend: unknown): void;
}

/** Times of a piece of work in milliseconds: after a warm-up, at least 3, for about `budget` ms. */
async function timesOf(work: () => tf.Tensor, budget: number): Promise<number[]> {
  const once = async (): Promise<number> => {
    const began = performance.now();
    const result = work();
    await result.data();
    const took = performance.now() - began;
    result.dispose();
    return took;
  };
  // A capture records its first runs and compares the next.
  for (let i = 0; i < 4; i++) await once();
  const times: number[] = [];
  const until = performance.now() + budget;
  while (times.length < 3 || (performance.now() < until && times.length < 200)) times.push(await once());
  return times;
}
