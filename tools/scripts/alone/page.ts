// What runs in the browser: the toy on each backend, and every reference vector of the losses on each.
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { compare } from '../../golden/src/compare.js';
import { lossCase } from '../../golden/src/loss-cases.js';
import type { GoldenCase } from '../../golden/src/vector-file.js';
import { train } from './toy.js';

export interface BrowserResult {
  losses: number[];
  vectors: number;
  misses: string[];
}

async function runOn(backend: string, cases: GoldenCase[]): Promise<BrowserResult> {
  setWasmPaths('/');
  const losses = await train(backend);
  if (tf.getBackend() !== backend) throw new Error(`expected the backend ${backend}, got ${tf.getBackend()}`);
  const misses: string[] = [];
  for (const one of cases) {
    try {
      misses.push(...compare(one, await lossCase(one)!).map((miss) => `${one.id}: ${miss}`));
    } catch (error) {
      misses.push(`${one.id}: ${(error as Error).message}`);
    }
  }
  return { losses, vectors: cases.length, misses };
}

Object.assign(globalThis, { runOn });
