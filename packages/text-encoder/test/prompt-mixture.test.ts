import { Parameters } from '@cxr-align/nn';
import { describeBackends, expectClose, expectGradient, expectNoLeak } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { PromptMixture } from '../src/index.js';

const normal = <R extends tf.Rank>(shape: tf.ShapeMap[R], seed: number): tf.Tensor<R> =>
  tf.randomNormal<R>(shape, 0, 1, 'float32', seed);

describeBackends('PromptMixture', () => {
  it('mixes as its formula says, worked label by label', () => {
    const parameters = new Parameters(3);
    const mixture = new PromptMixture(parameters.scope('mixture'), { dim: 4, rank: 3, temperature: 2 });
    tf.tidy(() => {
      const [image, sources, target] = [
        normal<tf.Rank.R3>([2, 3, 4], 1),
        normal<tf.Rank.R4>([2, 2, 3, 4], 2),
        normal<tf.Rank.R3>([2, 3, 4], 3),
      ];
      const { prompts, attention } = mixture.forward(image, sources, target);
      expect([prompts.length, prompts[0].shape, attention.shape]).toEqual([2, [2, 3, 4], [2, 3, 3]]);
      expectClose(tf.sum(attention, 2), tf.ones([2, 3]), 1e-5);
      const [a, p, t] = [attention, sources, target].map((x) => x.arraySync()) as unknown as [
        number[][][],
        number[][][][],
        number[][][],
      ];
      prompts.forEach((mixed, kind) => {
        const expected = [0, 1].map((b) =>
          [0, 1, 2].map((i) =>
            [0, 1, 2, 3].map(
              (k) =>
                t[kind][i][k] +
                a[b][i][0] * p[0][kind][i][k] +
                a[b][i][1] * p[1][kind][i][k] +
                a[b][i][2] * t[kind][i][k],
            ),
          ),
        );
        expectClose(mixed, expected.flat(2), 1e-5);
      });
    });
    parameters.dispose();
  });
  it('does not look at the image while the upper map is 0', () => {
    const parameters = new Parameters(3);
    const mixture = new PromptMixture(parameters.scope('mixture'), { dim: 4 });
    tf.tidy(() => {
      for (const { name, variable } of parameters.all())
        if (name.includes('/up/')) variable.assign(tf.zeros(variable.shape));
      const [sources, target] = [normal<tf.Rank.R4>([2, 1, 3, 4], 2), normal<tf.Rank.R3>([1, 3, 4], 3)];
      const [one, other] = [5, 6].map((seed) => mixture.forward(normal<tf.Rank.R3>([2, 3, 4], seed), sources, target));
      expectClose(one.attention, other.attention, 1e-6);
    });
    parameters.dispose();
  });
  it('has the gradient of its formula for image, sources and target', () => {
    const parameters = new Parameters(4);
    const mixture = new PromptMixture(parameters.scope('mixture'), { dim: 3, temperature: 1 });
    tf.tidy(() => {
      const [image, sources, target] = [
        normal<tf.Rank.R3>([2, 2, 3], 1),
        normal<tf.Rank.R4>([2, 1, 2, 3], 2),
        normal<tf.Rank.R3>([1, 2, 3], 3),
      ];
      const probe = normal([2, 2, 3], 4);
      const value = (u: tf.Tensor, s: tf.Tensor, t: tf.Tensor): tf.Tensor =>
        tf.mul(mixture.forward(u as tf.Tensor3D, s as tf.Tensor4D, t as tf.Tensor3D).prompts[0], probe);
      expectGradient((x) => value(x, sources, target), image);
      expectGradient((x) => value(image, x, target), sources);
      expectGradient((x) => value(image, sources, x), target);
    });
    parameters.dispose();
  });
  it('leaves no tensor behind and says which shapes it takes', () => {
    const parameters = new Parameters(4);
    const mixture = new PromptMixture(parameters.scope('mixture'), { dim: 3 });
    const [image, sources, target] = [
      tf.zeros<tf.Rank.R3>([2, 2, 3]),
      tf.zeros<tf.Rank.R4>([2, 1, 2, 3]),
      tf.zeros<tf.Rank.R3>([1, 2, 3]),
    ];
    expectNoLeak(() => tf.tidy(() => mixture.forward(image, sources, target).attention));
    expect(() =>
      mixture.forward(
        image,
        sources,
        tf.tidy(() => tf.zeros([2, 2, 3])),
      ),
    ).toThrow('expected sources of shape');
    tf.dispose([image, sources, target]);
    parameters.dispose();
  });
});
