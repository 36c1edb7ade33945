// A plug-in: a loss, a weighting, a head, a reader, two encoders, a label set with a finding of its own, and a prompt set, all by name.
// `cxr-align train --plugin plugin-of-your-own.mjs --set classificationLoss=brier …` takes it into use, too.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FixedWeighting } from '@cxr-align/losses';
import { Linear } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';

/** The squared error of the probabilities, entry by entry. */
const brierLoss = (logits, targets) => tf.square(tf.sub(tf.sigmoid(logits), targets));

/** A head on the mean of each quarter of the image. */
class QuartersModel {
  constructor(parameters, { labels }) {
    this.layer = new Linear(parameters.scope('quarters'), 4, labels);
  }

  forward({ main }) {
    const size = main.shape[1] / 2;
    const quarters = tf.reshape(tf.avgPool(main, size, size, 'valid'), [main.shape[0], 4]);
    const logits = this.layer.forward(quarters);
    return { logits, branches: [{ logits }] };
  }
}

/** Reads `toy.json`: { labels, images: [{ file, patient, split, values }] }. */
const toyReader = {
  format: 'toy',
  description: 'a folder with toy.json',
  detect: async (path) => (existsSync(join(path, 'toy.json')) ? 'it has a toy.json' : undefined),
  read: async (path) => {
    const { labels, images } = JSON.parse(readFileSync(join(path, 'toy.json'), 'utf8'));
    return {
      name: 'toy',
      samples: images.map(({ file, patient, split }) => ({
        id: file,
        image: join(path, file),
        patient,
        study: file,
        split,
      })),
      annotations: { labels, values: Float32Array.from(images.flatMap(({ values }) => values)) },
      badRows: [],
      excluded: [],
      columns: { used: {}, unused: [] },
      remarks: [],
      hasOwnSplits: true,
    };
  },
};

/** A text encoder that hashes texts: texts that differ are far apart, and nothing is known of their meaning. */
const hashingTexts = {
  name: 'hashing',
  dim: 32,
  hash: 'v1',
  encode: async (texts) =>
    Float32Array.from(
      texts.flatMap((text) => {
        const row = [...createHash('sha256').update(text).digest()].map((byte) => byte - 127.5);
        const length = Math.hypot(...row);
        return row.map((value) => value / length);
      }),
    ),
};

/** A frozen image encoder: the mean of each of 8 × 8 squares. Its folder holds the file squares.json. */
const squares = async (folder) =>
  existsSync(join(folder, 'squares.json'))
    ? {
        name: 'squares',
        weightsHash: 'v1',
        preprocessing: { size: 32, resize: 32, fit: 'stretch', channels: 1, rescale: 1 / 255, mean: [0], std: [1] },
        dim: 64,
        encode: async (images) => ({
          pooled: Float32Array.from(
            images.flatMap((pixels) =>
              Array.from({ length: 64 }, (_, square) => {
                let sum = 0;
                for (let i = 0; i < 16; i++)
                  sum += pixels[(4 * (square >> 3) + (i >> 2)) * 32 + 4 * (square & 7) + (i & 3)];
                return sum / 16 / 255;
              }),
            ),
          ),
        }),
        dispose: async () => {},
      }
    : undefined;

export default {
  name: 'plugin-of-your-own',
  register: (registries) => {
    registries.registerClassificationLoss('brier', () => brierLoss);
    registries.registerWeighting('half', {
      make: ({ tasks }) => new FixedWeighting(Object.fromEntries(tasks.map((task) => [task, 0.5]))),
    });
    registries.registerModel('quarters', {
      usesPrompts: false,
      usesFeatureMap: false,
      build: (_config, parameters, input) => new QuartersModel(parameters, input),
    });
    registries.registerReader(toyReader);
    registries.registerTextEncoder('hashing', () => hashingTexts);
    registries.registerImageEncoder('squares', squares);
    registries.registerLabelSet({
      name: 'toy-2',
      source: 'the toy reader',
      root: 'Toy findings',
      findings: { 'Bright Half': { synonyms: ['bright side'] } },
      labels: [{ name: 'Bright Half' }, { name: 'Striped Half', parents: ['Bright Half'] }],
    });
    registries.registerPromptSet({ name: 'plain-words', positive: ['{label}'], negative: ['no {label}'] });
  },
};
