import * as tf from '@tensorflow/tfjs-core';
import { describeBackends, expectClose, expectNoLeak } from '@cxr-align/testkit';
import { FixedWeighting, UncertaintyWeighting } from '../src/index.js';

const losses = () => ({ classification: tf.scalar(0.7), graph: tf.scalar(1.2) });

describeBackends('FixedWeighting', () => {
  it('sums the weighted losses', async () => {
    const weighting = new FixedWeighting({ classification: 1, graph: 0.25 });
    tf.tidy(() => expectClose(weighting.combine(losses()), 0.7 + 0.3));
    expect(await weighting.weights()).toEqual({ classification: 1, graph: 0.25 });
    expect(weighting.variables).toEqual([]);
  });
  it('wants a loss for every task, and weights that are not negative', () => {
    const weighting = new FixedWeighting({ classification: 1, graph: 1, orthogonal: 1 });
    tf.tidy(() =>
      expect(() => weighting.combine(losses())).toThrow(
        'expected a loss for each of classification, graph, orthogonal',
      ),
    );
    expect(() => new FixedWeighting({ graph: -1 })).toThrow('expected a weight of 0 or more for graph, got -1');
  });
});

describeBackends('UncertaintyWeighting', () => {
  it('starts at the weights 1 and ½ and learns the stationary points log 2L and log L', async () => {
    const weighting = new UncertaintyWeighting({ classification: 'classification', graph: 'regression' });
    tf.tidy(() => expectClose(weighting.combine(losses()), 0.7 + 0.6));
    const optimizer = tf.train.sgd(0.3);
    for (let i = 0; i < 200; i++) {
      tf.tidy(() => void optimizer.minimize(() => weighting.combine(losses()), false, [...weighting.variables]));
    }
    // c exp(−s) at the stationary point is 1 / (2 L) for both kinds.
    const weights = await weighting.weights();
    expectClose(weights.classification, 1 / 1.4, 1e-3);
    expectClose(weights.graph, 1 / 2.4, 1e-3);
    weighting.dispose();
    optimizer.dispose();
  });
  it('leaves no tensor behind', () => {
    expectNoLeak(() => {
      const weighting = new UncertaintyWeighting({ classification: 'classification', graph: 'regression' });
      const given = losses();
      weighting.combine(given).dispose();
      tf.dispose(given);
      weighting.dispose();
    });
  });
});
