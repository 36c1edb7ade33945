// A multi-label classifier of tf.layers, trained by a loss of @cxr-align/losses; some targets are unknown.
import * as tf from '@tensorflow/tfjs';
import { asymmetricLoss } from '@cxr-align/losses';
import { asLayersLoss } from '@cxr-align/losses/layers';

// Made-up data: label i is present where feature i is above 0.8, and unknown (NaN) where it is close to that.
const [samples, features, labels] = [256, 16, 3];
const x = tf.randomNormal([samples, features], 0, 1, 'float32', 1);
const margin = tf.sub(tf.slice(x, [0, 0], [samples, labels]), 0.8);
const present = tf.cast(tf.greater(margin, 0), 'float32');
const y = tf.where(tf.less(tf.abs(margin), 0.1), tf.fill([samples, labels], NaN), present);

const model = tf.sequential();
model.add(tf.layers.dense({ units: 32, activation: 'relu', inputShape: [features] }));
model.add(tf.layers.dense({ units: labels })); // logits: no activation
model.compile({ optimizer: tf.train.adam(0.01), loss: asLayersLoss(asymmetricLoss, { gammaNegative: 2 }) });
const { history } = await model.fit(x, y, { epochs: 20, batchSize: 32, verbose: 0 });

const correct = tf.equal(tf.greater(model.predict(x), 0), tf.cast(present, 'bool'));
const accuracy = tf.mean(tf.cast(correct, 'float32')).dataSync()[0];
console.log(`loss ${history.loss[0].toFixed(3)} → ${history.loss[19].toFixed(3)}, accuracy ${accuracy.toFixed(2)}`);
