// The losses in a real model of tf.layers.
import { RandomStream } from '@cxr-align/random';
import { describeBackends, expectClose, expectNoLeak } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { sequential, layers as tfLayers, type Sequential } from '@tensorflow/tfjs-layers';
import * as losses from '../src/index.js';
import { asLayersLoss, type LayersLoss } from '../src/layers.js';

const [samples, dim, labels] = [48, 6, 3];
const counts = [5, 10, 20];

/** Every classification loss with targets in {0, 1}, as a user would pass it. */
const binary: Record<string, (from?: 'logits' | 'probabilities') => LayersLoss> = {
  binaryCrossEntropyLoss: (from) => asLayersLoss(losses.binaryCrossEntropyLoss, { labelSmoothing: 0.05, from }),
  focalLoss: (from) => asLayersLoss(losses.focalLoss, { gamma: 1, from }),
  asymmetricLoss: (from) => asLayersLoss(losses.asymmetricLoss, { gammaNegative: 2, from }),
  robustAsymmetricLoss: (from) => asLayersLoss(losses.robustAsymmetricLoss, { gammaNegative: 0, from }),
  multiLabelLdamLoss: (from) => asLayersLoss(losses.multiLabelLdamLoss, { counts, scale: 4, from }),
  distributionBalancedLoss: (from) => asLayersLoss(losses.distributionBalancedLoss, { counts, total: samples, from }),
  maxConstraintLoss: (from) => asLayersLoss(losses.maxConstraintLoss, { descendants: [[1], [], []], from }),
};
/** The same, given to tf.layers without the adapter: the model's output arrives where targets are expected. */
const swapped: Record<string, LayersLoss> = {
  binaryCrossEntropyLoss: losses.binaryCrossEntropyLoss,
  focalLoss: losses.focalLoss,
  asymmetricLoss: losses.asymmetricLoss,
  robustAsymmetricLoss: losses.robustAsymmetricLoss,
  multiLabelLdamLoss: (yTrue, yPred) => losses.multiLabelLdamLoss(yTrue, yPred, { counts }),
  distributionBalancedLoss: (yTrue, yPred) => losses.distributionBalancedLoss(yTrue, yPred, { counts, total: samples }),
  maxConstraintLoss: (yTrue, yPred) => losses.maxConstraintLoss(yTrue, yPred, { descendants: [[1], [], []] }),
};
/** The losses on indices of classes, with the shape of their targets. */
const oneHot: Record<string, { shape: number[]; make: (from?: 'logits' | 'probabilities') => LayersLoss }> = {
  ldamLoss: {
    shape: [labels],
    make: (from) => asLayersLoss(losses.ldamLoss, { counts, scale: 4, targets: 'one-hot', from }),
  },
  threeClassCrossEntropyLoss: {
    shape: [2, 3],
    make: (from) => asLayersLoss(losses.threeClassCrossEntropyLoss, { targets: 'one-hot', from }),
  },
};

const normals = (purpose: string, shape: number[]): tf.Tensor =>
  tf.tensor(new RandomStream({ seed: 11, purpose }).normals(shape.reduce((a, b) => a * b, 1)), shape);

/** Inputs, and the targets that a linear model of them gives; label 0 is above label 1, and some targets are unknown. */
function multiLabelData(): { x: tf.Tensor; y: tf.Tensor; truth: tf.Tensor } {
  return tf.tidy(() => {
    const x = normals('x', [samples, dim]);
    const own = tf.cast(tf.greater(tf.matMul(x, normals('truth', [dim, labels])), 0), 'float32');
    const [a, b, c] = tf.split(own, labels, 1);
    const truth = tf.concat([tf.maximum(a, b), b, c], 1);
    const draw = normals('unknown', [samples, labels]);
    const nan = tf.where(tf.greater(draw, 1.2), tf.fill([samples, labels], NaN), truth);
    return { x, truth, y: tf.where(tf.less(draw, -1.2), tf.fill([samples, labels], -1), nan) };
  });
}

function classData(shape: number[]): { x: tf.Tensor; y: tf.Tensor; truth: tf.Tensor } {
  return tf.tidy(() => {
    const x = normals('x', [samples, dim]);
    const size = shape.reduce((a, b) => a * b, 1);
    const scores = tf.reshape(tf.matMul(x, normals('truth', [dim, size])), [samples, ...shape]);
    const truth = tf.cast(tf.oneHot(tf.argMax(scores, -1), shape[shape.length - 1]), 'float32');
    const unknown = tf.tile(tf.greater(normals('unknown', [samples, ...shape.slice(0, -1), 1]), 1), [
      1,
      ...shape.slice(0, -1).map(() => 1),
      shape[shape.length - 1],
    ]);
    return { x, truth, y: tf.where(unknown, tf.fill(truth.shape, NaN), truth) };
  });
}

function linear(shape: number[], activation?: 'sigmoid' | 'softmax'): Sequential {
  const model = sequential();
  const units = shape.reduce((a, b) => a * b, 1);
  model.add(tfLayers.dense({ units, inputShape: [dim], kernelInitializer: 'zeros' }));
  if (shape.length > 1) model.add(tfLayers.reshape({ targetShape: shape }));
  if (activation) model.add(tfLayers.activation({ activation }));
  return model;
}

interface Fit {
  model: Sequential;
  loss: LayersLoss;
  data: { x: tf.Tensor; y: tf.Tensor };
}

async function fit({ model, loss, data }: Fit): Promise<number[]> {
  const optimizer = tf.train.adam(0.1);
  model.compile({ optimizer, loss });
  const { history } = await model.fit(data.x, data.y, { epochs: 12, batchSize: 16, shuffle: false, verbose: 0 });
  optimizer.dispose();
  return history.loss as number[];
}

describeBackends('asLayersLoss(loss, options) in model.fit', () => {
  for (const from of ['logits', 'probabilities'] as const) {
    const activation = (name: 'sigmoid' | 'softmax') => (from === 'logits' ? undefined : name);
    it.each(Object.keys(binary))(
      `%s from ${from}: the loss falls, and the model predicts the targets`,
      async (name) => {
        const data = multiLabelData();
        const model = linear([labels], activation('sigmoid'));
        const history = await fit({ model, loss: binary[name](from), data });
        expect(history[history.length - 1]).toBeLessThan(history[0] * 0.7);
        tf.tidy(() => {
          const positive = tf.greater(model.predict(data.x) as tf.Tensor, from === 'logits' ? 0 : 0.5);
          const right = tf.mean(tf.cast(tf.equal(tf.cast(positive, 'float32'), data.truth), 'float32'));
          expect(right.dataSync()[0]).toBeGreaterThan(0.85);
        });
        model.dispose();
        tf.dispose(data);
      },
    );
    it.each(Object.keys(oneHot))(
      `%s from ${from}: the loss falls, and the model predicts the classes`,
      async (name) => {
        const { shape, make } = oneHot[name];
        const data = classData(shape);
        const model = linear(shape, activation('softmax'));
        const history = await fit({ model, loss: make(from), data });
        expect(history[history.length - 1]).toBeLessThan(history[0] * 0.7);
        tf.tidy(() => {
          const predicted = tf.argMax(model.predict(data.x) as tf.Tensor, -1);
          const right = tf.mean(tf.cast(tf.equal(predicted, tf.argMax(data.truth, -1)), 'float32'));
          expect(right.dataSync()[0]).toBeGreaterThan(0.85);
        });
        model.dispose();
        tf.dispose(data);
      },
    );
  }
  it.each(Object.keys(swapped))(
    'refuses %s as it is, whose arguments tf.layers passes in the other order',
    async (name) => {
      const data = multiLabelData();
      const model = linear([labels]);
      model.compile({ optimizer: 'sgd', loss: swapped[name] });
      await expect(model.fit(data.x, data.truth, { epochs: 1, verbose: 0 })).rejects.toThrow(
        `losses/${name}: expected (logits, targets), got a model's output as targets and a constant as logits; ` +
          'in model.compile use asLayersLoss of @cxr-align/losses/layers',
      );
      model.dispose();
      tf.dispose(data);
    },
  );
  it('is needed for losses on indices of classes, too: their shapes do not fit', async () => {
    const data = multiLabelData();
    const model = linear([labels]);
    model.compile({ optimizer: 'sgd', loss: (yTrue, yPred) => losses.ldamLoss(yTrue, yPred, { counts }) });
    await expect(model.fit(data.x, data.truth, { epochs: 1, verbose: 0 })).rejects.toThrow(
      'losses/ldamLoss: expected classes of shape [batch], got [32, 3]',
    );
    model.dispose();
    tf.dispose(data);
  });
  it('refuses a model that ends in a sigmoid or softmax when logits are expected', async () => {
    for (const activation of ['sigmoid', 'softmax'] as const) {
      const data = multiLabelData();
      const model = linear([labels], activation);
      await expect(fit({ model, loss: asLayersLoss(losses.focalLoss), data })).rejects.toThrow(
        `losses/asLayersLoss: expected logits, got the output of a ${activation}; remove the last layer's activation`,
      );
      model.dispose();
      tf.dispose(data);
    }
  });
  it('weights samples by classWeight, since it returns a value for each', async () => {
    const [x, y] = [tf.tensor2d([[1], [2]]), tf.tensor2d([[0], [1]])];
    const model = sequential();
    model.add(tfLayers.dense({ units: 1, inputShape: [1], kernelInitializer: 'zeros', useBias: false }));
    model.compile({ optimizer: tf.train.sgd(1), loss: asLayersLoss(losses.binaryCrossEntropyLoss) });
    await model.fit(x, y, { epochs: 1, verbose: 0, classWeight: { 0: 3, 1: 0 } });
    // d loss / d w = mean of weight · (σ(0) − y) x = 3 · ½ · 1 / 2
    expectClose(model.getWeights()[0], [[-0.75]]);
    model.dispose();
    tf.dispose([x, y]);
  });
});

describeBackends('asLayersLoss(loss, options) on tensors', () => {
  const y = [
    [1, NaN, 0],
    [-1, 1, 0],
  ];
  const known = [
    [1, 0, 1],
    [0, 1, 1],
  ];
  const z = [
    [0.5, -1, 2],
    [3, 0.1, -0.4],
  ];
  const zeroed = y.map((row) => row.map((value) => (value === 1 ? 1 : 0)));

  it.each(Object.keys(binary))('%s has the mean of the loss over the known targets', (name) => {
    tf.tidy(() => {
      const options: Record<string, object> = {
        binaryCrossEntropyLoss: { labelSmoothing: 0.05 },
        focalLoss: { gamma: 1 },
        asymmetricLoss: { gammaNegative: 2 },
        robustAsymmetricLoss: { gammaNegative: 0 },
        multiLabelLdamLoss: { counts, scale: 4 },
        distributionBalancedLoss: { counts, total: samples },
        maxConstraintLoss: { descendants: [[1], [], []] },
      };
      const loss = losses[name as 'focalLoss'];
      const expected = loss(tf.tensor2d(z), tf.tensor2d(zeroed), { ...options[name], mask: tf.tensor2d(known) });
      const perSample = binary[name]()(tf.tensor2d(y), tf.tensor2d(z));
      expect(perSample.shape).toEqual([2]);
      expectClose(tf.mean(perSample), expected);
    });
  });
  it('ldamLoss and threeClassCrossEntropyLoss have it too, with weights of classes and unknown rows', () => {
    tf.tidy(() => {
      const weight = tf.tensor1d([1, 2, 5]);
      const targets = tf.tensor2d([
        [0, 1, 0],
        [NaN, NaN, NaN],
        [0, 0, 1],
      ]);
      const logits = tf.tensor2d([...z, [0.3, 0.2, 0.1]]);
      const [classes, mask] = [tf.tensor1d([1, 0, 2], 'int32'), tf.tensor1d([1, 0, 1])];
      const ldam = asLayersLoss(losses.ldamLoss, { counts, scale: 2, weight, targets: 'one-hot' });
      expectClose(tf.mean(ldam(targets, logits)), losses.ldamLoss(logits, classes, { counts, scale: 2, weight, mask }));
      const asLabels = <T extends tf.Tensor>(x: T) => tf.expandDims(x, 1);
      const cross = asLayersLoss(losses.threeClassCrossEntropyLoss, { weight, targets: 'one-hot' });
      expectClose(
        tf.mean(cross(asLabels(targets), asLabels(logits))),
        losses.threeClassCrossEntropyLoss(asLabels(logits), asLabels(classes), { weight, mask: asLabels(mask) }),
      );
    });
  });
  it('is 0 with a finite gradient where no target is known', () => {
    tf.tidy(() => {
      const loss = asLayersLoss(losses.binaryCrossEntropyLoss);
      const unknown = tf.fill([2, 3], NaN);
      expectClose(loss(unknown, tf.tensor2d(z)), [0, 0]);
      expectClose(tf.grad((x) => loss(unknown, x))(tf.tensor2d(z)), tf.zeros([2, 3]));
    });
  });
  it('from probabilities is finite at 0 and 1, and equals the loss of their logits', () => {
    tf.tidy(() => {
      const loss = asLayersLoss(losses.binaryCrossEntropyLoss, { from: 'probabilities' });
      expectClose(
        tf.mean(loss(tf.tensor2d(y), tf.sigmoid(tf.tensor2d(z)))),
        tf.mean(asLayersLoss(losses.binaryCrossEntropyLoss)(tf.tensor2d(y), tf.tensor2d(z))),
      );
      const ends = loss(tf.tensor2d([[1, 0]]), tf.tensor2d([[0, 1]])).dataSync()[0];
      expect(ends).toBeGreaterThan(10);
      expect(ends).toBeLessThan(17);
    });
  });
  it('takes a loss of your own', () => {
    tf.tidy(() => {
      const squared = (logits: tf.Tensor, targets: tf.Tensor, { mask, factor }: { mask: tf.Tensor; factor: number }) =>
        tf.mul(tf.mul(tf.squaredDifference(logits, targets), mask), factor);
      const loss = asLayersLoss(squared, { factor: 2 });
      expectClose(tf.mean(loss(tf.tensor2d([[1, NaN]]), tf.tensor2d([[3, 9]]))), 8);
    });
  });
  it('leaves no tensor behind', () => {
    const [targets, logits] = [tf.tensor2d(y), tf.tensor2d(z)];
    for (const make of Object.values(binary)) {
      for (const from of ['logits', 'probabilities'] as const) expectNoLeak(() => make(from)(targets, logits));
    }
    tf.dispose([targets, logits]);
  });
  it('refuses what it cannot use, by name', () => {
    const any = asLayersLoss as unknown as (loss: unknown, options?: unknown) => LayersLoss;
    expect(() => any('focal')).toThrow("losses/asLayersLoss: expected loss to be a function, got 'focal'");
    expect(() => any(losses.focalLoss, { mask: 1 })).toThrow('mark unknown targets as NaN or -1 in y');
    expect(() => any(losses.focalLoss, { reduction: 'sum' })).toThrow('expected no option reduction');
    expect(() => any(losses.focalLoss, { from: 'logit' })).toThrow("got 'logit'; try 'logits'");
    expect(() => any(losses.focalLoss, 2)).toThrow('expected options to be an object, got 2');
    tf.tidy(() => {
      const [wide, narrow] = [tf.zeros([2, 3]), tf.zeros([2, 2])];
      expect(() => any(losses.focalLoss)(wide, narrow)).toThrow('expected yTrue of shape [2, 2]');
      expect(() => any(losses.focalLoss, { gama: 1 })(wide, wide)).toThrow('losses/focalLoss: expected options among');
      expect(() => any(losses.ldamLoss, { counts })(wide, wide)).toThrow(
        'expected classes of shape [batch], got [2, 3]',
      );
    });
  });
});
