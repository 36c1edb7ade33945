// A training loop of your own: the decoded images of a data set, a small network, AdamW, and a loss that you write.
import { drawPhantoms, openDataset, startEngine } from 'cxr-align';
import { imageBatch, loadImages, pixelStatistics } from '@cxr-align/image-backbone';
import { AdamW, Linear, Parameters } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';

await startEngine('wasm');
await drawPhantoms({ out: 'data', images: 120, size: 64, seed: 7 });
const { dataset } = await openDataset('data');
const { labels, values } = dataset.annotations;
const images = await loadImages(
  dataset.samples.map(({ image }) => image),
  { size: 16, fit: 'stretch' },
);
const scale = pixelStatistics(images.pixels);
const training = [...dataset.samples.keys()].filter((i) => dataset.samples[i].split === 'train');

const parameters = new Parameters(1);
const layer = new Linear(parameters.scope('layer'), 16 * 16, labels.length);
const optimizer = new AdamW(parameters.trainable());

/** The loss: the squared error of the probabilities (Brier score) over the known labels. */
function brierLoss(logits, targets, mask) {
  const errors = tf.mul(tf.square(tf.sub(tf.sigmoid(logits), targets)), mask);
  return tf.div(tf.sum(errors), tf.sum(mask));
}

const rows = training.flatMap((i) => [...values.subarray(i * labels.length, (i + 1) * labels.length)]);
const shape = [training.length, labels.length];
const isKnown = (value) => value === 0 || value === 1;
const targets = tf.tensor2d(
  rows.map((value) => (isKnown(value) ? value : 0)),
  shape,
);
const mask = tf.tensor2d(
  rows.map((value) => (isKnown(value) ? 1 : 0)),
  shape,
);
const inputs = tf.tidy(() => tf.reshape(imageBatch(images, training, scale), [training.length, 256]));

const losses = [];
for (let step = 0; step < 40; step++) {
  const variables = parameters.trainable().map(({ variable }) => variable);
  const { value, grads } = tf.variableGrads(() => brierLoss(layer.forward(inputs), targets, mask), variables);
  optimizer.applyGradients(grads, { learningRate: 0.01 }).dispose();
  losses.push((await value.data())[0]);
  value.dispose();
}
console.log(`loss ${losses[0].toFixed(3)} → ${losses.at(-1).toFixed(3)}`);
if (!(losses.at(-1) < 0.8 * losses[0])) throw new Error('the loss did not fall');
