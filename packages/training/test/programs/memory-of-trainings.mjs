// node --expose-gc memory-of-trainings.mjs DATA OUT COUNT LEAKING: trains COUNT times and LEAKING times more, the latter with a
// leak of 256 KiB each, and prints a line of JSON after each: what is left once everything unreachable is collected.
import { setTimeout } from 'node:timers/promises';
import { startEngine } from '@cxr-align/engine';
import { openDataset, resolveConfig, train } from '@cxr-align/training';
import * as tf from '@tensorflow/tfjs-core';

const [path, out, count, leaking] = process.argv.slice(2);
await startEngine('wasm');
const data = await openDataset(path);
const config = resolveConfig({
  epochs: 1,
  batchSize: 16,
  bootstrap: 0,
  image: { size: 16 },
  encoder: { channels: [6, 8], dim: 16, layers: 1 },
  decoder: { dim: 16, layers: 1, heads: 2 },
});
const leak = [];
for (let i = 0; i < Number(count) + Number(leaking); i++) {
  await train({ data, config, out, overwrite: true });
  if (i >= Number(count)) leak.push(new Float64Array(2 ** 15).fill(i));
  // A thread that has ended gives its memory back a moment later.
  await setTimeout(20);
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  const { numTensors } = tf.memory();
  console.log(JSON.stringify({ kiB: (heapUsed + external) / 1024, rssMiB: rss / 2 ** 20, numTensors }));
}
