// Losses against their formulas, written out over plain numbers, and their defaults against the values that the
// documentation names.
import { describeBackends, expectClose } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import * as losses from '../src/index.js';
import * as reference from '../src/reference.js';

const logits = [
  [0.5, -1.2, 2],
  [-0.3, 0.8, -2.5],
];
const targets = [
  [1, 0, 0],
  [0, 1, 1],
];
const image = [
  [
    [1, 0.5, -1],
    [0.2, 2, 0.3],
    [-0.5, 1, 1],
  ],
  [
    [0.3, -0.6, 0.8],
    [1.1, 0.4, -0.2],
    [0.9, -1, 0.1],
  ],
];
const positive = [
  [0.9, 0.2, -0.3],
  [0.1, 1, 0.4],
  [-1, 0.3, 0.5],
];
const negative = [
  [-0.2, 0.7, 0.5],
  [0.8, -0.1, 0.4],
  [0.3, 0.3, -0.9],
];
const similarity = [
  [1, 0.7, 0.1],
  [0.7, 1, 0.2],
  [0.1, 0.2, 1],
];

const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
const mean = (values: number[]): number => sum(values) / values.length;
const dot = (a: number[], b: number[]): number => sum(a.map((x, i) => x * b[i]));
const unit = (row: number[]): number[] => row.map((x) => x / Math.hypot(...row));
const cosine = (a: number[], b: number[]): number => dot(unit(a), unit(b));
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const softplus = (z: number): number => Math.log1p(Math.exp(-Math.abs(z))) + Math.max(z, 0);
const logSoftmaxAt = (row: number[], at: number): number => row[at] - Math.log(sum(row.map(Math.exp)));
const entries = (f: (z: number, y: number, i: number, b: number) => number): number[] =>
  logits.flatMap((row, b) => row.map((z, i) => f(z, targets[b][i], i, b)));
const z2 = () => tf.tensor2d(logits);
const y2 = () => tf.tensor2d(targets);

describeBackends('losses on logits, entry by entry', () => {
  it('robustAsymmetricLoss', () => {
    const options = {
      gammaPositive: 1,
      gammaNegative: 2,
      clip: 0.4,
      epsilonPositive: 0.7,
      epsilonPositiveSquared: -2,
      lambda: 1.4,
    };
    const expected = entries((z, y) => {
      const p = sigmoid(z);
      if (y === 1) return -(1 - p) * (Math.log(p) + 0.7 * (1 - p) - (1 - p) ** 2);
      const m = Math.max(p - 0.4, 0);
      return -(m ** 2) * Math.log(1 - m) * (1.4 - m) * m ** 2 * (1.4 - (1 - m));
    });
    tf.tidy(() => expectClose(losses.robustAsymmetricLoss(z2(), y2(), { ...options, reduction: 'none' }), expected));
  });
  it('asymmetricLoss', () => {
    const expected = entries((z, y) => {
      const p = sigmoid(z);
      const m = Math.max(p - 0.1, 0);
      return y === 1 ? -((1 - p) ** 2) * Math.log(p) : -(m ** 3) * Math.log(1 - m);
    });
    const options = { gammaPositive: 2, gammaNegative: 3, clip: 0.1, reduction: 'none' } as const;
    tf.tidy(() => expectClose(losses.asymmetricLoss(z2(), y2(), options), expected));
  });
  it('binaryCrossEntropyLoss with smoothing and weights of positives', () => {
    const weights = [2, 3, 0.5];
    const expected = entries((z, y, i) => {
      const soft = 0.8 * y + 0.1;
      return weights[i] * soft * softplus(-z) + (1 - soft) * softplus(z);
    });
    const options = { posWeight: tf.tensor1d(weights), labelSmoothing: 0.2, reduction: 'none' } as const;
    tf.tidy(() => expectClose(losses.binaryCrossEntropyLoss(z2(), y2(), options), expected));
    options.posWeight.dispose();
  });
  it('threeClassCrossEntropyLoss and ldamLoss, smoothed and weighted', () => {
    const [weights, margins] = [[1, 2, 4], losses.ldamMargins([4, 64, 9], { maxMargin: 0.4 })];
    const classes = [2, 0];
    const each = (rows: number[][]): number[] =>
      rows.map((row, b) => -sum(row.map((_, c) => ((c === classes[b] ? 0.7 : 0) + 0.1) * logSoftmaxAt(row, c))));
    const weighted = (values: number[]): number =>
      sum(values.map((value, b) => weights[classes[b]] * value)) / sum(classes.map((c) => weights[c]));
    const shifted = logits.map((row, b) => row.map((z, c) => 3 * (z - (c === classes[b] ? margins[c] : 0))));
    tf.tidy(() => {
      const options = { weight: tf.tensor1d(weights), labelSmoothing: 0.3 };
      const asLabels = { z: tf.tensor3d([logits]), c: tf.tensor2d([classes], undefined, 'int32') };
      expectClose(losses.threeClassCrossEntropyLoss(asLabels.z, asLabels.c, options), weighted(each(logits)));
      const classed = tf.tensor1d(classes, 'int32');
      const more = { counts: [4, 64, 9], maxMargin: 0.4, scale: 3, ...options };
      expectClose(losses.ldamLoss(z2(), classed, more), weighted(each(shifted)));
    });
  });
  it('distributionBalancedLoss of a sample without any label', () => {
    const options = {
      counts: [3, 9, 1],
      total: 30,
      kappa: 0,
      lambda: 3,
      alpha: 0.2,
      beta: 5,
      mu: 0.4,
      reduction: 'none',
    } as const;
    const expected = entries((z, y, i, b) => {
      const inverse = options.counts.map((count) => 1 / count);
      const share = b === 0 ? 1 / 3 : inverse[i] / (inverse[1] + inverse[2]);
      const weight = 0.2 + sigmoid(5 * (share - 0.4));
      return weight * (b === 1 && y === 1 ? softplus(-z) : softplus(3 * z) / 3);
    });
    tf.tidy(() => {
      const none = tf.tensor2d([[0, 0, 0], targets[1]]);
      expectClose(losses.distributionBalancedLoss(z2(), none, options), expected);
    });
  });
});

describeBackends('losses on embeddings', () => {
  const kappa = 3;
  const logitScale = Math.log(kappa);
  const scores = image.map((rows) => rows.map((row) => positive.map((prompt) => kappa * cosine(row, prompt))));

  it('labelConditionedAlignmentLoss in both directions, its own label never excluded', () => {
    const excluded = [
      [1, 1, 0],
      [1, 1, 0],
      [0, 0, 1],
    ];
    const present = targets.flatMap((row, b) => row.flatMap((y, i) => (y === 1 ? [{ b, i }] : [])));
    const open = (i: number, j: number): boolean => i === j || excluded[i][j] === 0;
    const along = (pick: (b: number, i: number, j: number) => number): number =>
      mean(
        present.map(({ b, i }) => {
          const rivals = positive.map((_, j) => (open(i, j) ? Math.exp(pick(b, i, j)) : 0));
          return -Math.log(Math.exp(pick(b, i, i)) / sum(rivals));
        }),
      );
    const discrimination = (along((b, i, j) => scores[b][i][j]) + along((b, i, j) => scores[b][j][i])) / 2;
    const presence = mean(
      entries((_, y, i, b) => {
        const z = kappa * (cosine(image[b][i], positive[i]) - cosine(image[b][i], negative[i]));
        return softplus(y === 1 ? -z : z);
      }),
    );
    tf.tidy(() => {
      const options = { logitScale, symmetric: true, excludedNegatives: tf.tensor2d(excluded) };
      const prompts = { positive: tf.tensor2d(positive), negative: tf.tensor2d(negative) };
      const terms = losses.labelConditionedAlignmentTerms(tf.tensor3d(image), prompts, y2(), options);
      expectClose(terms.discrimination, discrimination);
      expectClose(terms.presence, presence);
      const weighted = { ...options, discriminationWeight: 0.3 };
      const loss = losses.labelConditionedAlignmentLoss(tf.tensor3d(image), prompts, y2(), weighted);
      expectClose(loss, presence + 0.3 * discrimination);
    });
  });
  it('labelConditionedAlignmentLoss takes prompts of each image', () => {
    tf.tidy(() => {
      const shared = { positive: tf.tensor2d(positive), negative: tf.tensor2d(negative) };
      const each = { positive: tf.tensor3d([positive, positive]), negative: tf.tensor3d([negative, negative]) };
      const of = (prompts: losses.LabelPrompts) =>
        losses.labelConditionedAlignmentLoss(tf.tensor3d(image), prompts, y2());
      expectClose(of(each), of(shared));
      const turned = { ...each, positive: tf.tensor3d([positive, [...positive].reverse()]) };
      expect(Math.abs(of(turned).dataSync()[0] - of(shared).dataSync()[0])).toBeGreaterThan(1e-3);
    });
  });
  it('labelContrastiveLoss, smoothed, negatives weighted', () => {
    const weights = [
      [9, 0.5, 0.2],
      [0.4, 9, 0.9],
      [0.3, 0.6, 9],
    ];
    const one = (row: number[], i: number): number => {
      const rivals = row.map((z, j) => z + (i === j ? 0 : Math.log(weights[i][j])));
      return -sum(rivals.map((_, j) => ((i === j ? 0.7 : 0) + 0.1) * logSoftmaxAt(rivals, j)));
    };
    const imageToText = mean(scores.flatMap((matrix) => matrix.map(one)));
    tf.tidy(() => {
      const weighted = { logitScale, labelSmoothing: 0.3, negativeWeights: tf.tensor2d(weights) };
      const options = { ...weighted, direction: 'imageToText' } as const;
      expectClose(losses.labelContrastiveLoss(tf.tensor3d(image), tf.tensor2d(positive), options), imageToText);
    });
  });
  it('sigmoidContrastiveLoss leaves out the pairs that its mask leaves out', () => {
    const mask = [
      [1, 0, 1],
      [1, 1, 0],
      [1, 1, 1],
    ];
    const expected = image[0].map((row, i) =>
      sum(positive.map((text, j) => mask[i][j] * softplus((i === j ? -1 : 1) * (kappa * cosine(row, text) - 1)))),
    );
    tf.tidy(() => {
      const options = { logitScale, bias: -1, mask: tf.tensor2d(mask), reduction: 'none' } as const;
      expectClose(losses.sigmoidContrastiveLoss(tf.tensor2d(image[0]), tf.tensor2d(positive), options), expected);
    });
  });
  it('imageTextContrastiveLoss takes rows as they are with normalize: false', () => {
    const of = (row: number[], i: number, texts: number[][]): number =>
      -logSoftmaxAt(
        texts.map((text) => kappa * dot(row, text)),
        i,
      );
    const [rows, texts] = [image[0], positive];
    const expected = mean([...rows.map((row, i) => of(row, i, texts)), ...texts.map((text, i) => of(text, i, rows))]);
    tf.tidy(() => {
      const options = { logitScale, normalize: false };
      expectClose(losses.imageTextContrastiveLoss(tf.tensor2d(rows), tf.tensor2d(texts), options), expected);
    });
  });
  it('absoluteCosineLoss takes two rows', () => {
    tf.tidy(() =>
      expectClose(
        losses.absoluteCosineLoss(tf.tensor2d([image[0][0], image[0][1]])),
        Math.abs(cosine(image[0][0], image[0][1])),
      ),
    );
  });
  it('supervisedContrastiveLoss weighs by the Jaccard index', () => {
    const sets = [
      [1, 1, 0, 1],
      [1, 0, 0, 0],
      [0, 1, 1, 1],
    ];
    const jaccard = (a: number[], b: number[]): number =>
      sum(a.map((x, k) => x * b[k])) / sum(a.map((x, k) => Math.max(x, b[k])));
    const expected = image[0].map((row, i) => {
      const others = [0, 1, 2].filter((j) => j !== i);
      const rivals = others.map((j) => cosine(row, image[0][j]) / 0.4);
      const weights = others.map((j) => jaccard(sets[i], sets[j]));
      return -sum(weights.map((weight, k) => weight * logSoftmaxAt(rivals, k))) / sum(weights);
    });
    tf.tidy(() => {
      const options = { temperature: 0.4, reduction: 'none' } as const;
      expectClose(losses.supervisedContrastiveLoss(tf.tensor2d(image[0]), tf.tensor2d(sets), options), expected);
    });
  });
  it('softLabelContrastiveLoss clamps only with clamp: true', () => {
    const labels = [
      [1, 1, 0],
      [1, 1, 1],
    ];
    const soft = (clamp: boolean): number[] =>
      labels.map((a, i) => {
        const agreement = labels.map((b) => (clamp ? Math.min(1, dot(a, b)) : dot(a, b)));
        const z = logits[i].slice(0, 2);
        return -sum(agreement.map((_, j) => Math.exp(logSoftmaxAt(agreement, j)) * logSoftmaxAt(z, j)));
      });
    tf.tidy(() => {
      const z = tf.slice(z2(), [0, 0], [2, 2]);
      const of = (clamp?: boolean) =>
        losses.softLabelContrastiveLoss(z, tf.tensor2d(labels), tf.tensor2d(labels), {
          clamp,
          direction: 'imageToText',
        });
      expectClose(of(), mean(soft(false)));
      expectClose(of(true), mean(soft(true)));
    });
  });
  it('absoluteCosineLoss and identityCrossEntropyLoss', () => {
    const pairs = [
      cosine(image[0][0], image[0][1]),
      cosine(image[0][0], image[0][2]),
      cosine(image[0][1], image[0][2]),
    ].map(Math.abs);
    const products = (of: (a: number[], b: number[]) => number): number =>
      mean(
        image[0].map(
          (a, i) =>
            -logSoftmaxAt(
              image[0].map((b) => kappa * of(a, b)),
              i,
            ),
        ),
      );
    tf.tidy(() => {
      const x = tf.tensor2d(image[0]);
      expectClose(losses.absoluteCosineLoss(x), mean(pairs));
      expectClose(losses.absoluteCosineLoss(x, { reduction: 'sum' }), sum(pairs));
      expectClose(reference.identityCrossEntropyLoss(x, { logitScale }), products(cosine));
      expectClose(reference.identityCrossEntropyLoss(x, { logitScale, normalize: false }), products(dot));
    });
  });
  it('the centred forms of graphAlignmentLoss', () => {
    const gram = image[0].map((a) => image[0].map((b) => cosine(a, b)));
    const upper = (matrix: number[][]): number[] => [matrix[0][1], matrix[0][2], matrix[1][2]];
    const centred = (values: number[]): number[] => values.map((value) => value - mean(values));
    const [a, b] = [centred(upper(gram)), centred(upper(similarity))];
    const doubly = (matrix: number[][]): number[] => {
      const all = mean(matrix.flat());
      return matrix.flatMap((row, i) => row.map((value, j) => value - mean(matrix[i]) - mean(matrix[j]) + all));
    };
    const [g, h] = [doubly(gram), doubly(similarity)];
    tf.tidy(() => {
      const [x, target] = [tf.tensor3d([image[0]]), tf.tensor2d(similarity)];
      expectClose(losses.graphAlignmentLoss(x, target), 1 - dot(unit(a), unit(b)));
      expectClose(losses.graphAlignmentLoss(x, target, { form: 'kernel' }), 1 - dot(unit(g), unit(h)));
    });
  });
});

describeBackends('defaults are those that the documentation names', () => {
  const counts = [3, 20, 9];
  const scale = losses.initialLogitScale;
  const x3 = () => tf.tensor3d(image);
  const x2 = () => tf.tensor2d(image[0]);
  const p2 = () => tf.tensor2d(positive);
  const classes = () => tf.tensor1d([2, 0], 'int32');
  const same: Record<string, () => [tf.Tensor, tf.Tensor]> = {
    focalLoss: () => [losses.focalLoss(z2(), y2()), losses.focalLoss(z2(), y2(), { alpha: 0.25, gamma: 2 })],
    asymmetricLoss: () => [
      losses.asymmetricLoss(z2(), y2()),
      losses.asymmetricLoss(z2(), y2(), {
        gammaNegative: 4,
        gammaPositive: 1,
        clip: 0.05,
        eps: 1e-8,
        detachFocus: false,
      }),
    ],
    robustAsymmetricLoss: () => [
      losses.robustAsymmetricLoss(z2(), y2()),
      losses.robustAsymmetricLoss(z2(), y2(), {
        gammaNegative: 4,
        gammaPositive: 0,
        clip: 0.05,
        epsilonPositive: 1,
        epsilonPositiveSquared: -2.5,
        lambda: 1.5,
      }),
    ],
    ldamLoss: () => [
      losses.ldamLoss(z2(), classes(), { counts }),
      losses.ldamLoss(z2(), classes(), { counts, maxMargin: 0.5, scale: 30 }),
    ],
    multiLabelLdamLoss: () => [
      losses.multiLabelLdamLoss(z2(), y2(), { counts }),
      losses.multiLabelLdamLoss(z2(), y2(), { counts, maxMargin: 0.5, scale: 30 }),
    ],
    distributionBalancedLoss: () => [
      losses.distributionBalancedLoss(z2(), y2(), { counts, total: 90 }),
      losses.distributionBalancedLoss(z2(), y2(), {
        counts,
        total: 90,
        alpha: 0.1,
        beta: 10,
        mu: 0.2,
        kappa: 0.05,
        lambda: 2,
      }),
    ],
    labelConditionedAlignmentLoss: () => [
      losses.labelConditionedAlignmentLoss(x3(), { positive: p2() }, y2()),
      losses.labelConditionedAlignmentLoss(x3(), { positive: p2() }, y2(), {
        logitScale: scale,
        bias: 0,
        discriminationWeight: 0.5,
        symmetric: false,
      }),
    ],
    labelContrastiveLoss: () => [
      losses.labelContrastiveLoss(x3(), p2()),
      losses.labelContrastiveLoss(x3(), p2(), { logitScale: scale, normalize: true, direction: 'both' }),
    ],
    imageTextContrastiveLoss: () => [
      losses.imageTextContrastiveLoss(x2(), p2()),
      losses.imageTextContrastiveLoss(x2(), p2(), { logitScale: scale, normalize: true }),
    ],
    sigmoidContrastiveLoss: () => [
      losses.sigmoidContrastiveLoss(x2(), p2()),
      losses.sigmoidContrastiveLoss(x2(), p2(), { logitScale: Math.log(10), bias: -10 }),
    ],
    supervisedContrastiveLoss: () => [
      losses.supervisedContrastiveLoss(x2(), tf.tensor2d(similarity)),
      losses.supervisedContrastiveLoss(x2(), tf.tensor2d(similarity), { temperature: 0.1 }),
    ],
    identityCrossEntropyLoss: () => [
      reference.identityCrossEntropyLoss(x3()),
      reference.identityCrossEntropyLoss(x3(), { logitScale: scale, normalize: true, maxScale: Math.log(100) }),
    ],
    barlowTwinsLoss: () => [
      losses.barlowTwinsLoss(x2(), p2()),
      losses.barlowTwinsLoss(x2(), p2(), { offDiagonal: 0.005 }),
    ],
    neighbourDivergenceLoss: () => [
      losses.neighbourDivergenceLoss(x3(), tf.tensor2d(similarity)),
      losses.neighbourDivergenceLoss(x3(), tf.tensor2d(similarity), { temperature: 0.2 }),
    ],
    secondOrderGraphLoss: () => [
      reference.secondOrderGraphLoss(x3(), tf.tensor2d(similarity)),
      reference.secondOrderGraphLoss(x3(), tf.tensor2d(similarity), { prepare: 'none' }),
    ],
    taskDifficultyLoss: () => [
      losses.taskDifficultyLoss(tf.tensor1d([1, 2])),
      losses.taskDifficultyLoss(tf.tensor1d([1, 2]), { temperature: 1, form: 'logsumexp' }),
    ],
  };
  it.each(Object.keys(same))('%s', (name) => {
    tf.tidy(() => {
      const [byDefault, named] = same[name]();
      expectClose(byDefault, named, 1e-7);
    });
  });
  it('weights of rare classes and the scale', () => {
    expect(losses.initialLogitScale).toBeCloseTo(Math.log(1 / 0.07), 12);
    expect(losses.maxLogitScale).toBeCloseTo(Math.log(100), 12);
    expect(losses.effectiveNumberWeights(counts)).toEqual(losses.effectiveNumberWeights(counts, { beta: 0.999 }));
    expect(losses.ldamMargins(counts)).toEqual(losses.ldamMargins(counts, { maxMargin: 0.5 }));
    expectClose(
      losses.effectiveNumberWeights([0, 2], { beta: 0.5 }),
      [1, 2 / 3].map((w) => (2 * w) / (5 / 3)),
    );
  });
  it('weightings', async () => {
    const weightsAfter = async (weighting: losses.TaskWeighting): Promise<Record<string, number>> => {
      weighting.observe?.({ a: 2, b: 3 });
      weighting.observe?.({ a: 1, b: 2.5 });
      const products = [4, 1, 1, 9];
      weighting.balance?.({ products, losses: { a: 2, b: 3 } });
      weighting.balance?.({ products, losses: { a: 1, b: 2.5 } });
      return weighting.weights();
    };
    const tasks = ['a', 'b'];
    expect(await weightsAfter(new losses.DynamicWeightAverage(tasks))).toEqual(
      await weightsAfter(new losses.DynamicWeightAverage(tasks, { temperature: 2 })),
    );
    expect(await weightsAfter(new losses.TaskDifficultyWeighting(tasks))).toEqual(
      await weightsAfter(new losses.TaskDifficultyWeighting(tasks, { temperature: 1, form: 'logsumexp' })),
    );
    expect(await weightsAfter(new losses.GradNormWeighting(tasks))).toEqual(
      await weightsAfter(new losses.GradNormWeighting(tasks, { alpha: 1.5, learningRate: 0.025 })),
    );
  });
});
