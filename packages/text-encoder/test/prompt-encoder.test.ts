import { Parameters, Pass } from '@cxr-align/nn';
import { describeBackends, expectClose } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { PromptEncoder } from '../src/index.js';

describeBackends('PromptEncoder', () => {
  it('encodes each kind of prompt as a set of its own', () => {
    const parameters = new Parameters(1);
    const encoder = new PromptEncoder(parameters.scope('prompts'), { textDim: 6, dim: 8, layers: 1, heads: 2 });
    tf.tidy(() => {
      const texts = tf.randomNormal<tf.Rank.R3>([2, 5, 6], 0, 1, 'float32', 3);
      const both = encoder.apply(texts, Pass.predicting);
      expect(both.shape).toEqual([2, 5, 8]);
      expectClose(
        encoder.apply(tf.slice(texts, [1, 0, 0], [1, 5, 6]), Pass.predicting),
        tf.slice(both, [1, 0, 0], [1, 5, 8]),
        1e-4,
      );
    });
    parameters.dispose();
  });
  it('says which width it was built for', () => {
    const parameters = new Parameters(1);
    const encoder = new PromptEncoder(parameters.scope('prompts'), { textDim: 6, dim: 8, layers: 1, heads: 2 });
    tf.tidy(() =>
      expect(() => encoder.apply(tf.zeros([2, 5, 7]), Pass.predicting)).toThrow(
        'expected texts of shape [2, 5, 6], got [2, 5, 7]',
      ),
    );
    parameters.dispose();
  });
});
