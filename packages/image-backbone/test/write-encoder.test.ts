import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ForwardContext, Parameters } from '@cxr-align/nn';
import { describeBackends, describeWithOnnx, expectClose } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { ConvEncoder, OnnxImageEncoder, PatchEncoder, TunableEncoder, writeImageEncoder } from '../src/index.js';

const images = Array.from({ length: 3 }, (_, i) =>
  Uint8Array.from({ length: 24 * 24 }, (__, at) => (at * (i + 3) * 7) % 256),
);

describeBackends('writeImageEncoder(encoder, size)', () => {
  describeWithOnnx('with ONNX Runtime', () => {
    it.each([
      [
        'convolutional',
        (parameters: Parameters) =>
          new ConvEncoder(parameters.scope('encoder'), { size: 24, channels: [4, 6, 5], stemStride: 2 }),
      ],
      [
        'patch',
        (parameters: Parameters) =>
          new PatchEncoder(parameters.scope('encoder'), { size: 24, patch: 6, dim: 8, layers: 2, heads: 2 }),
      ],
    ])('writes the %s encoder, which can be tuned again', async (_, make) => {
      const parameters = new Parameters(5);
      const encoder = make(parameters);
      // Norms that do something.
      parameters.all().forEach(({ name, variable }, i) => {
        if (/gamma|beta|mean|variance|bias/.test(name))
          variable.assign(tf.add(variable, tf.mul(0.2, tf.sin(tf.add(tf.range(0, variable.size), i)))) as never);
      });
      const folder = mkdtempSync(join(tmpdir(), 'written-encoder-'));
      writeFileSync(join(folder, 'model.onnx'), await writeImageEncoder(encoder, 24));
      writeFileSync(
        join(folder, 'preprocess.json'),
        JSON.stringify({ size: 24, image_mean: [0.4], image_std: [0.3], rescale_factor: 1 / 255 }),
      );
      const frozen = await OnnxImageEncoder.load(folder);
      expect([frozen.dim, frozen.map]).toEqual([encoder.dim, { grid: encoder.grid, dim: encoder.dim }]);
      const { map, pooled } = await frozen.encode(images, ['map', 'pooled']);
      const grey = tf.tensor4d(
        Float32Array.from(
          images.flatMap((one) => [...one]),
          (value) => value / 255,
        ),
        [3, 24, 24, 1],
      );
      const own = encoder.forward(tf.div(tf.sub(grey, 0.4), 0.3), new ForwardContext({ training: false }));
      expectClose(own, map!, 1e-4);
      expectClose(tf.mean(own, [1, 2]), pooled!, 1e-4);
      await frozen.dispose();
      const tunable = await TunableEncoder.open(folder, { isMap: true });
      const tuned = new Parameters(1);
      tunable.tune(tuned, { mode: 'last', layers: 2 });
      expectClose(tunable.forward(grey), map!, 1e-4);
      await tunable.dispose();
      [parameters, tuned].forEach((one) => one.dispose());
    });
  });
});
