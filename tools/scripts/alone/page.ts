// What runs in the browser: the toy on each backend, and every reference vector of the losses on each.
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import type { GoldenCase } from '../../golden/src/vector-file.js';
import { train } from './toy.js';
import { vectorMisses } from './vectors.js';

export interface BrowserResult {
  losses: number[];
  vectors: number;
  misses: string[];
}

async function runOn(backend: string, cases: GoldenCase[]): Promise<BrowserResult> {
  setWasmPaths('/');
  const losses = await train(backend);
  if (tf.getBackend() !== backend) throw new Error(`expected the backend ${backend}, got ${tf.getBackend()}`);
  return { losses, vectors: cases.length, misses: await vectorMisses(cases) };
}

Object.assign(globalThis, { runOn });
