// Trains a model, evaluates it, and predicts an image. Phantom radiographs stand for your data set.
import { compare, drawPhantoms, loadRun, openDataset, resolveConfig, startEngine, train } from 'cxr-align';

await startEngine('wasm');
await drawPhantoms({ out: 'data', images: 120, size: 64, seed: 7 });
const data = await openDataset('data');

const config = (preset) => resolveConfig({ preset, epochs: 3, bootstrap: 100, image: { size: 32 } });
const on = { epoch: ({ epoch, loss, validation }) => console.error(epoch, loss.toFixed(3), validation) };
const baseline = await train({ data, config: config('linear'), out: 'runs/linear', on });
const run = await train({ data, config: config('aligned'), out: 'runs/aligned', on });
console.log('macro AUROC', run.evaluation.macro.auroc);

const { predictions } = await run.evaluate({ split: 'val' });
console.log('validation images', predictions.samples.length);
console.log('difference to linear', compare(baseline.predictions, run.predictions).macro.difference);

const predictor = await loadRun('runs/aligned').predictor();
const { labels } = await predictor.predict(data.dataset.samples[0].image);
console.log('Edema', labels.Edema.probability, labels.Edema.positive);
await predictor.dispose();
