import { Parameters, ForwardContext } from '@cxr-align/nn';
import { describeBackends, expectClose } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { PromptEncoder } from '../src/index.js';

describeBackends('PromptEncoder', () => {
  it('encodes each kind of prompt as a set of its own', () => {
    const parameters = new Parameters(1);
    const encoder = new PromptEncoder(parameters.scope('prompts'), { textDim: 6, dim: 8, layers: 1, heads: 2 });
    tf.tidy(() => {
      const texts = tf.randomNormal<tf.Rank.R3>([2, 5, 6], 0, 1, 'float32', 3);
      const both = encoder.forward(texts, new ForwardContext({ training: false }));
      expect(both.shape).toEqual([2, 5, 8]);
      expectClose(
        encoder.forward(tf.slice(texts, [1, 0, 0], [1, 5, 6]), new ForwardContext({ training: false })),
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
      expect(() => encoder.forward(tf.zeros([2, 5, 7]), new ForwardContext({ training: false }))).toThrow(
        'expected texts of shape [2, 5, 6], got [2, 5, 7]',
      ),
    );
    parameters.dispose();
  });
});
