import { describeBackends, expectClose, expectGradient, expectNoLeak, gradientOf } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import {
  imageTextContrastiveLoss,
  labelContrastiveLoss,
  sigmoidContrastiveLoss,
  supervisedContrastiveLoss,
  type ContrastDirection,
} from '../src/index.js';
import { referenceLabelContrastiveLoss } from '../src/reference.js';

const images = [
  [1, 0.5, -1],
  [0.2, 2, 0.3],
  [-0.5, 1, 1],
];
const texts = [
  [0.9, 0.2, -0.3],
  [0.1, 1, 0.4],
  [-1, 0.3, 0.5],
];
const unit = (row: number[]): number[] => row.map((x) => x / Math.hypot(...row));
const dot = (a: number[], b: number[]): number => a.reduce((sum, x, i) => sum + x * b[i], 0);
const cosines = images.map((a) => texts.map((b) => dot(unit(a), unit(b))));
const logSoftmaxAt = (row: number[], at: number): number =>
  row[at] - Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
const mean = (values: number[]): number => values.reduce((a, b) => a + b) / values.length;
const column = (matrix: number[][], j: number): number[] => matrix.map((row) => row[j]);

describeBackends('imageTextContrastiveLoss(images, texts)', () => {
  it('is the mean of both cross entropies against the diagonal', () => {
    const logits = cosines.map((row) => row.map((value) => 5 * value));
    const rows = mean(logits.map((row, i) => -logSoftmaxAt(row, i)));
    const columns = mean(logits.map((_, i) => -logSoftmaxAt(column(logits, i), i)));
    tf.tidy(() => {
      const of = (direction?: ContrastDirection) =>
        imageTextContrastiveLoss(tf.tensor2d(images), tf.tensor2d(texts), { logitScale: Math.log(5), direction });
      expectClose(of('imageToText'), rows);
      expectClose(of('textToImage'), columns);
      expectClose(of(), (rows + columns) / 2);
    });
  });
  it('has the gradient of its formula, finite at a zero row', () => {
    const of = (x: tf.Tensor) => imageTextContrastiveLoss(x as tf.Tensor2D, tf.tensor2d(texts), { logitScale: 0.5 });
    expectGradient(of, images);
    expect(
      gradientOf(of, [
        [0, 0, 0],
        [1, 0, 0],
        [0, 1, 0],
      ]).every(Number.isFinite),
    ).toBe(true);
  });
});

describeBackends('sigmoidContrastiveLoss(images, texts)', () => {
  it('classifies each pair on its own', () => {
    const expected =
      cosines
        .flatMap((row, i) => row.map((c, j) => Math.log1p(Math.exp((i === j ? -1 : 1) * (3 * c - 1)))))
        .reduce((a, b) => a + b) / 3;
    tf.tidy(() =>
      expectClose(
        sigmoidContrastiveLoss(tf.tensor2d(images), tf.tensor2d(texts), { logitScale: Math.log(3), bias: -1 }),
        expected,
      ),
    );
  });
  it('has the gradient of its formula', () => {
    expectGradient(
      (x) => sigmoidContrastiveLoss(x as tf.Tensor2D, tf.tensor2d(texts), { logitScale: 1, bias: -1 }),
      images,
    );
  });
});

describeBackends('supervisedContrastiveLoss(embeddings, targets)', () => {
  const targets = [
    [1, 1, 0],
    [1, 0, 0],
    [0, 0, 1],
  ];
  it('attracts images by the overlap of their labels', () => {
    // Only images 0 and 1 share a label: their overlap cancels, what remains is the log softmax of the other.
    const own = images.map((a) => images.map((b) => dot(unit(a), unit(b)) / 0.5));
    const likelihood = (i: number, j: number): number => {
      const rivals = own[i].filter((_, k) => k !== i);
      return own[i][j] - Math.log(rivals.reduce((sum, x) => sum + Math.exp(x), 0));
    };
    tf.tidy(() =>
      expectClose(
        supervisedContrastiveLoss(tf.tensor2d(images), tf.tensor2d(targets), { temperature: 0.5 }),
        -(likelihood(0, 1) + likelihood(1, 0)) / 2,
      ),
    );
  });
  it('is 0 where no two images share a label, and wants two images', () => {
    tf.tidy(() => {
      expectClose(supervisedContrastiveLoss(tf.tensor2d(images), tf.eye(3)), 0);
      expect(() => supervisedContrastiveLoss(tf.zeros([1, 3]), tf.zeros([1, 2]))).toThrow(
        'expected 2 or more images, got 1',
      );
    });
  });
  it('has the gradient of its formula and leaks nothing', () => {
    expectGradient(
      (x) => supervisedContrastiveLoss(x as tf.Tensor2D, tf.tensor2d(targets), { temperature: 0.5 }),
      images,
    );
    const [x, y] = [tf.tensor2d(images), tf.tensor2d(targets)];
    expectNoLeak(() => supervisedContrastiveLoss(x, y));
    tf.dispose([x, y]);
  });
});

describeBackends('labelContrastiveLoss(image, prompts)', () => {
  it('takes prompts of all images or of each', () => {
    tf.tidy(() => {
      const image = tf.tensor3d([images, texts]);
      const shared = labelContrastiveLoss(image, tf.tensor2d(texts));
      expectClose(labelContrastiveLoss(image, tf.tensor3d([texts, texts])), shared);
    });
  });
  it('counts negatives of less weight less, down to nothing', () => {
    tf.tidy(() => {
      const [image, prompts] = [tf.tensor3d([images]), tf.tensor2d(texts)];
      const of = (negativeWeights?: tf.Tensor2D) =>
        labelContrastiveLoss(image, prompts, { negativeWeights }).dataSync()[0];
      expect(of(tf.ones([3, 3]))).toBeCloseTo(of(), 5);
      expect(of(tf.fill([3, 3], 0.5))).toBeLessThan(of());
      expect(of(tf.zeros([3, 3]))).toBeLessThan(1e-3);
    });
  });
});

describeBackends('referenceLabelContrastiveLoss(image, prompts)', () => {
  it('has no gradient for the scale, and the floor of 14 labels', () => {
    const rows = Array.from({ length: 14 }, (_, i) =>
      Array.from({ length: 14 }, (__, j) => (i === j ? 1 : 0) - 1 / 14),
    );
    tf.tidy(() => {
      const of = (scale: tf.Tensor) =>
        referenceLabelContrastiveLoss(tf.tensor3d([rows]), tf.tensor2d(rows), { logitScale: scale });
      expectClose(of(tf.scalar(2)), 1.7237, 1e-4);
      expectClose(tf.grad((s) => of(s))(tf.scalar(2)), 0, 1e-4);
    });
  });
  it('says which shape was expected', () => {
    tf.tidy(() =>
      expect(() => labelContrastiveLoss(tf.zeros([2, 3, 4]), tf.zeros<tf.Rank.R2>([3, 5]))).toThrow(
        'losses/labelContrastiveLoss: expected prompts of shape [3, 4], got [3, 5]',
      ),
    );
  });
});
