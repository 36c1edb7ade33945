// Predicts many images one after the other, from paths, bytes or pixels; images that cannot be read are reported and left out.
import { readFileSync, writeFileSync } from 'node:fs';
import { drawPhantoms, InputError, loadRun, openDataset, resolveConfig, startEngine, train } from 'cxr-align';

await startEngine('wasm');
await drawPhantoms({ out: 'data', images: 100, size: 64, seed: 7 });
const data = await openDataset('data');
const config = resolveConfig({ preset: 'linear', epochs: 2, bootstrap: 0, image: { size: 32 } });
await train({ data, config, out: 'runs/linear' });

const images = data.dataset.samples.slice(0, 5).map(({ image }) => image);
writeFileSync('broken.png', 'no image');
const predictor = await loadRun('runs/linear').predictor();
for (const image of [...images, readFileSync(images[0]), 'broken.png']) {
  try {
    const { labels } = await predictor.predict(image);
    const [most] = Object.entries(labels).sort(([, a], [, b]) => b.probability - a.probability);
    console.log(typeof image === 'string' ? image : 'bytes', most[0], most[1].probability.toFixed(3));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    console.log('left out:', error.message.split('\n')[0]);
  }
}
await predictor.dispose();
