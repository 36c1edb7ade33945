// Trains with what a plug-in adds: its reader, label set, loss, weighting, head, encoders and prompts.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadPlugin, loadRun, openDataset, resolveConfig, startEngine, train } from 'cxr-align';
import { encodePng } from '@cxr-align/image-backbone';

await loadPlugin(fileURLToPath(new URL('./plugin-of-your-own.mjs', import.meta.url)));
await startEngine('wasm');

mkdirSync('toy', { recursive: true });
mkdirSync('squares', { recursive: true });
writeFileSync('squares/squares.json', '{}');
const images = [];
for (let i = 0; i < 96; i++) {
  const bright = i % 3 > 0;
  const striped = bright && i % 2 > 0;
  const pixels = Uint8Array.from({ length: 32 * 32 }, (_, at) => {
    const grey = at % 32 < 16 && bright ? (striped && (at >> 5) % 4 < 2 ? 90 : 210) : 50;
    return grey + ((at * 31 + i * 17) % 29);
  });
  writeFileSync(`toy/${i}.png`, await encodePng(pixels, { width: 32, height: 32 }));
  const split = ['train', 'train', 'val', 'test'][(i >> 1) % 4];
  images.push({ file: `${i}.png`, patient: `p${i >> 1}`, split, values: [+bright, +striped] });
}
writeFileSync('toy/toy.json', JSON.stringify({ labels: ['Bright Half', 'Striped Half'], images }));

const data = await openDataset('toy');
console.log(data.dataset.format, data.dataset.samples.length);
const base = { graph: 'toy-2', bootstrap: 0, image: { size: 32 }, learningRate: 0.02 };
const runs = {
  head: resolveConfig({ ...base, model: 'quarters', classificationLoss: 'brier', epochs: 20 }),
  prompts: resolveConfig({
    ...base,
    weighting: 'half',
    epochs: 4,
    prompts: { encoder: 'hashing', set: 'plain-words' },
  }),
  features: resolveConfig({ ...base, model: 'linear', epochs: 20, encoder: { kind: 'frozen' } }),
};
for (const [name, config] of Object.entries(runs)) {
  const encoder = name === 'features' ? 'squares' : undefined;
  const run = await train({ data, config, out: `runs/${name}`, encoder });
  console.log(name, run.evaluation.labels['Bright Half'].auroc.toFixed(3));
}
const predictor = await loadRun('runs/head').predictor();
console.log((await predictor.predict('toy/1.png')).labels['Bright Half'].positive);
await predictor.dispose();
