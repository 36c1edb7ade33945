// What plain JavaScript may pass: each wrong argument is refused by its name, none is ignored.
import { startEngine } from '@cxr-align/engine';
import * as tf from '@tensorflow/tfjs-core';
import * as losses from '../src/index.js';
import * as reference from '../src/reference.js';

beforeAll(async () => {
  await startEngine('cpu');
});

type Any = (...args: unknown[]) => unknown;
type Call = [call: unknown, tensors: () => unknown[], options?: Record<string, unknown>, required?: string[]];

const matrix = () => tf.tensor2d([1, 0, 0, 1, 0, 1], [2, 3]);
const cube = () => tf.tensor3d([1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1], [2, 3, 2]);
const square = () => tf.eye(3);
const counts = [1, 2, 3];
const prompts = { positive: [1, 0, 0, 1, 0, 1] };
const promptsOf = () => ({ positive: tf.tensor2d(prompts.positive, [3, 2]) });

/** Every function that takes tensors: valid ones, and the options that it needs. */
const calls: Record<string, Call> = {
  binaryCrossEntropyLoss: [losses.binaryCrossEntropyLoss, () => [matrix(), matrix()]],
  focalLoss: [losses.focalLoss, () => [matrix(), matrix()]],
  asymmetricLoss: [losses.asymmetricLoss, () => [matrix(), matrix()]],
  robustAsymmetricLoss: [losses.robustAsymmetricLoss, () => [matrix(), matrix()]],
  multiLabelLdamLoss: [losses.multiLabelLdamLoss, () => [matrix(), matrix()], { counts }],
  distributionBalancedLoss: [losses.distributionBalancedLoss, () => [matrix(), matrix()], { counts, total: 9 }],
  ldamLoss: [losses.ldamLoss, () => [matrix(), tf.tensor1d([0, 1], 'int32')], { counts }],
  threeClassCrossEntropyLoss: [losses.threeClassCrossEntropyLoss, () => [cube(), tf.zeros([2, 3], 'int32')]],
  maxConstraintLoss: [losses.maxConstraintLoss, () => [matrix(), matrix()], { descendants: [[1], [], []] }],
  enforceHierarchy: [losses.enforceHierarchy, () => [matrix()], { descendants: [[1], [], []] }],
  hierarchyViolationLoss: [losses.hierarchyViolationLoss, () => [matrix()], { edges: [{ parent: 0, child: 1 }] }],
  similarityLogits: [losses.similarityLogits, () => [cube(), promptsOf()]],
  labelConditionedAlignmentLoss: [losses.labelConditionedAlignmentLoss, () => [cube(), promptsOf(), matrix()]],
  labelConditionedAlignmentTerms: [losses.labelConditionedAlignmentTerms, () => [cube(), promptsOf(), matrix()]],
  labelContrastiveLoss: [losses.labelContrastiveLoss, () => [cube(), promptsOf().positive]],
  imageTextContrastiveLoss: [losses.imageTextContrastiveLoss, () => [matrix(), matrix()]],
  sigmoidContrastiveLoss: [losses.sigmoidContrastiveLoss, () => [matrix(), matrix()]],
  softLabelContrastiveLoss: [losses.softLabelContrastiveLoss, () => [square(), square(), square()]],
  softLabelPairLoss: [losses.softLabelPairLoss, () => [square(), square(), square()]],
  supervisedContrastiveLoss: [losses.supervisedContrastiveLoss, () => [matrix(), matrix()]],
  orthogonalLoss: [losses.orthogonalLoss, () => [matrix()]],
  absoluteCosineLoss: [losses.absoluteCosineLoss, () => [matrix()]],
  vicregCovarianceLoss: [losses.vicregCovarianceLoss, () => [matrix()]],
  barlowTwinsLoss: [losses.barlowTwinsLoss, () => [matrix(), matrix()]],
  graphAlignmentLoss: [losses.graphAlignmentLoss, () => [cube(), square()]],
  gramMatrixLoss: [losses.gramMatrixLoss, () => [cube(), square()]],
  neighbourDivergenceLoss: [losses.neighbourDivergenceLoss, () => [cube(), square()]],
  taskDifficultyLoss: [losses.taskDifficultyLoss, () => [tf.tensor1d([1, 2])]],
  uncertaintyWeightedLoss: [
    losses.uncertaintyWeightedLoss,
    () => [[tf.scalar(1), tf.scalar(2)], tf.tensor1d([0, 0])],
    { kinds: ['classification', 'regression'] },
  ],
  referenceLabelContrastiveLoss: [reference.referenceLabelContrastiveLoss, () => [cube(), promptsOf().positive]],
  identityCrossEntropyLoss: [reference.identityCrossEntropyLoss, () => [matrix()]],
  secondOrderGraphLoss: [reference.secondOrderGraphLoss, () => [tf.ones([2, 3, 3]), square()]],
  referenceTaskDifficultyLoss: [reference.referenceTaskDifficultyLoss, () => [tf.tensor1d([1, 2])]],
  referenceUncertaintyLoss: [reference.referenceUncertaintyLoss, () => [tf.tensor1d([1, 2]), tf.tensor1d([1, 1])]],
};
const named = Object.keys(calls);

/** Calls the function with one of its tensors replaced. */
function callWith(name: string, position: number, value: unknown): () => unknown {
  const [call, tensors, options] = calls[name];
  return () => tf.tidy(() => (call as Any)(...tensors().with(position, value), options) as tf.Tensor);
}

function callWithOptions(name: string, options: unknown): () => unknown {
  const [call, tensors] = calls[name];
  return () => tf.tidy(() => (call as Any)(...tensors(), options) as tf.Tensor);
}

function errorOf(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was accepted');
}

describe('every function that takes tensors', () => {
  it('is in this table', () => {
    const others = ['deferredWeights', 'effectiveNumberWeights', 'gradientCosines', 'ldamMargins', 'taskGradients'];
    const functions = Object.entries({ ...losses, ...reference }).flatMap(([name, value]) =>
      typeof value === 'function' && /^[a-z]/.test(name) ? [name] : [],
    );
    expect(functions.filter((name) => !named.includes(name)).sort()).toEqual(others);
  });
  it.each(named)('%s takes its own arguments', (name) => {
    expect(() => callWithOptions(name, calls[name][2])()).not.toThrow();
  });
  it.each(named)(
    '%s refuses arrays, numbers, missing arguments and another rank in the place of each tensor',
    (name) => {
      const count = tf.tidy(() => calls[name][1]().length);
      for (let position = 0; position < count; position++) {
        for (const wrong of [[[1, 0]], 3, undefined, null, 'x', {}]) {
          const error = errorOf(callWith(name, position, wrong));
          expect(error).toBeInstanceOf(TypeError);
          expect(error.message).toMatch(
            new RegExp(`^losses/${name}: expected [\\w. \\[\\]]+ to be (a tensor|an array|an object)`),
          );
          expect(error.message).toMatch(/, got .+/);
        }
        const ranked = errorOf(callWith(name, position, tf.zeros([1, 1, 1, 1, 1])));
        expect(ranked.message).toMatch(new RegExp(`^losses/${name}: expected .*(shape \\[.*\\]|object|array)`));
        expect(errorOf(callWith(name, position, tf.tensor(['a', 'b']))).message).toMatch(/^losses\/\w+: expected/);
      }
    },
  );
  it.each(named)('%s refuses unknown options by name, and options of another kind', (name) => {
    const options = calls[name][2];
    expect(errorOf(callWithOptions(name, { ...options, nonsense: 1 }))).toBeInstanceOf(TypeError);
    expect(errorOf(callWithOptions(name, { ...options, nonsense: 1 })).message).toMatch(
      new RegExp(`^losses/${name}: expected options among .*, got nonsense; remove it$`),
    );
    for (const wrong of [null, 'mean', 2, [1]])
      expect(errorOf(callWithOptions(name, wrong)).message).toContain('expected options to be an object');
  });
  it.each(named.filter((name) => calls[name][2]))('%s names each option that it needs', (name) => {
    const options = calls[name][2]!;
    for (const key of Object.keys(options))
      expect(errorOf(callWithOptions(name, { ...options, [key]: undefined })).message).toBe(
        `losses/${name}: expected the option ${key}, got none; pass { ${key}: … }`,
      );
  });
  const reducing = named.filter(
    (name) => !/^(similarity|enforce|taskDiff|uncertainty|referenceTask|referenceUnc)/.test(name),
  );
  it.each(reducing)("%s refuses reduction: 'avg', and has mean, sum and none", (name) => {
    const options = calls[name][2];
    const error = errorOf(callWithOptions(name, { ...options, reduction: 'avg' }));
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toContain("expected reduction to be one of mean, sum, none, got 'avg'");
    for (const reduction of ['mean', 'sum', 'none']) callWithOptions(name, { ...options, reduction })();
  });
});

describe('options that are often mistyped', () => {
  it.each([
    ['asymmetricLoss', { gammaNeg: 4 }, 'got gammaNeg; try gammaNegative'],
    ['binaryCrossEntropyLoss', { pos_weight: 1 }, 'got pos_weight; try posWeight'],
    ['binaryCrossEntropyLoss', { weight: 1 }, 'got weight'],
    ['binaryCrossEntropyLoss', { label_smoothing: 0.1 }, 'try labelSmoothing'],
    ['focalLoss', { Gamma: 2 }, 'try gamma'],
    ['orthogonalLoss', { targets: 1 }, 'try target'],
    ['sigmoidContrastiveLoss', { logit_scale: 1 }, 'try logitScale'],
  ])('%s %j', (name, options, text) => {
    expect(errorOf(callWithOptions(name, options)).message).toContain(text);
  });
  it.each([
    ['focalLoss', { gamma: -1 }, 'expected gamma to be a number in [0, ∞), got -1'],
    ['focalLoss', { alpha: 2 }, 'expected alpha to be a number in [0, 1] or null, got 2'],
    ['binaryCrossEntropyLoss', { labelSmoothing: 1 }, 'expected labelSmoothing to be a number in [0, 1), got 1'],
    ['binaryCrossEntropyLoss', { posWeight: [1, 2, 3] }, 'expected posWeight to be a tensor, got an array of 3'],
    ['binaryCrossEntropyLoss', { mask: true }, 'expected mask to be a tensor, got true'],
    ['supervisedContrastiveLoss', { temperature: 0 }, 'expected temperature to be a number in (0, ∞), got 0'],
    [
      'imageTextContrastiveLoss',
      { direction: 'text' },
      'expected direction to be one of both, imageToText, textToImage',
    ],
    ['graphAlignmentLoss', { form: 'pearson' }, "expected form to be one of correlation, kernel, got 'pearson'"],
    ['multiLabelLdamLoss', { counts: [1, 2] }, 'expected a count for each of 3 classes, got 2'],
    ['multiLabelLdamLoss', { counts: 3 }, 'expected counts to be an array of numbers, got 3'],
    ['hierarchyViolationLoss', { edges: [[0, 1]] }, 'expected label indices in [0, 2], got undefined'],
  ])('%s refuses %j', (name, options, text) => {
    expect(errorOf(callWithOptions(name, { ...calls[name][2], ...options })).message).toContain(text);
  });
  it.each(['similarityLogits', 'labelConditionedAlignmentLoss', 'labelConditionedAlignmentTerms'])(
    '%s refuses mistyped prompts, which would leave out the negative ones',
    (name) => {
      const wrong = () => callWith(name, 1, { ...tf.tidy(promptsOf), negatve: 1 })();
      expect(wrong).toThrow(`losses/${name}: expected prompts among positive, negative, got negatve; try negative`);
    },
  );
  it('null weighs positives and negatives of focalLoss alike, undefined means the default', () => {
    tf.tidy(() => {
      const of = (alpha?: number | null) => losses.focalLoss(matrix(), matrix(), { alpha }).dataSync()[0];
      expect(of(undefined)).toBe(of(0.25));
      expect(of(null)).toBeCloseTo(2 * of(0.5), 5);
    });
  });
});

describe('targets and masks of other dtypes', () => {
  it.each(['binaryCrossEntropyLoss', 'focalLoss', 'asymmetricLoss', 'robustAsymmetricLoss'] as const)(
    '%s takes int32 and bool, and refuses logits of int32',
    (name) => {
      tf.tidy(() => {
        const [z, y] = [tf.tensor2d([0.5, -1, 2, 0.1, -0.2, 1], [2, 3]), matrix()];
        const expected = losses[name](z, y, { mask: y }).dataSync()[0];
        for (const dtype of ['int32', 'bool'] as const) {
          const cast = tf.cast(y, dtype);
          expect(losses[name](z, cast, { mask: cast }).dataSync()[0]).toBeCloseTo(expected, 6);
        }
        expect(() => losses[name](tf.cast(z, 'int32'), y)).toThrow('expected logits of dtype float32, got int32');
      });
    },
  );
});

describe('weightings', () => {
  const make: Record<string, (tasks: unknown, options?: unknown) => losses.TaskWeighting> = {
    DynamicWeightAverage: (tasks, options) => new losses.DynamicWeightAverage(tasks as string[], options as object),
    GeometricWeighting: (tasks) => new losses.GeometricWeighting(tasks as string[]),
    GradNormWeighting: (tasks, options) => new losses.GradNormWeighting(tasks as string[], options as object),
    LearnableWeighting: (tasks) => new losses.LearnableWeighting(tasks as string[]),
    ProjectedWeighting: (tasks, options) => new losses.ProjectedWeighting(tasks as string[], options as object),
    RandomWeighting: (tasks, options = { normal: () => 0 }) =>
      new losses.RandomWeighting(tasks as string[], options as { normal: () => number }),
    TaskDifficultyWeighting: (tasks, options) =>
      new losses.TaskDifficultyWeighting(tasks as string[], options as object),
  };
  const byTask: Record<string, (tasks: unknown) => losses.TaskWeighting> = {
    FixedWeighting: (tasks) => new losses.FixedWeighting(tasks as Record<string, number>),
    UncertaintyWeighting: (tasks) => new losses.UncertaintyWeighting(tasks as Record<string, losses.TaskKind>),
  };
  it('are all here', () => {
    const classes = Object.keys(losses).filter((name) => /^[A-Z]/.test(name));
    expect(classes.sort()).toEqual([...Object.keys(make), ...Object.keys(byTask)].sort());
  });
  it.each(Object.keys(make))('%s refuses tasks that are no list of different names', (name) => {
    expect(() => make[name]('abc')).toThrow(`losses/${name}: expected tasks to be an array, got 'abc'`);
    expect(() => make[name](undefined)).toThrow(TypeError);
    expect(() => make[name]([])).toThrow(`losses/${name}: expected at least one task, got none`);
    expect(() => make[name](['a', 'a'])).toThrow(`losses/${name}: expected different tasks, got a twice`);
    expect(() => make[name]([1])).toThrow('expected a task to be a string, got 1');
  });
  it.each([
    'DynamicWeightAverage',
    'GradNormWeighting',
    'ProjectedWeighting',
    'RandomWeighting',
    'TaskDifficultyWeighting',
  ])('%s refuses unknown options', (name) => {
    expect(() => make[name](['a'], { nonsense: 1 })).toThrow(`losses/${name}: expected options among`);
    expect(() => make[name](['a'], 2)).toThrow('expected options to be an object, got 2');
  });
  it.each([...Object.keys(make), ...Object.keys(byTask)])(
    '%s combines scalars of its tasks and nothing else',
    (name) => {
      const weighting =
        name === 'UncertaintyWeighting'
          ? byTask[name]({ graph: 'regression', contrastive: 'classification' })
          : (byTask[name]?.({ graph: 1, contrastive: 1 }) ?? make[name](['graph', 'contrastive']));
      const combine = (given: unknown) => () => tf.tidy(() => weighting.combine(given as losses.TaskLosses));
      const [graph, contrastive] = [tf.scalar(1), tf.scalar(2)];
      expect(combine({ graph, contrastive })).not.toThrow();
      expect(combine({ graph })).toThrow(`losses/${name}: expected a loss for each of graph, contrastive, got graph`);
      expect(combine({ graph, contrastve: contrastive })).toThrow('try contrastive instead of contrastve');
      expect(combine({ graph, contrastive: 2 })).toThrow('expected the loss of contrastive to be a tensor, got 2');
      expect(combine({ graph, contrastive: tf.ones([3]) })).toThrow('expected the loss of contrastive to be a scalar');
      expect(combine([graph, contrastive])).toThrow('expected losses to be an object with a value for each task');
      expect(combine(undefined)).toThrow(TypeError);
      if (weighting.observe) {
        expect(() => weighting.observe!({ graph: 1 })).toThrow(`losses/${name}: expected a loss for each of`);
        expect(() => weighting.observe!({ graph: 1, contrastive } as never)).toThrow(
          'expected the loss of contrastive to be a number, got a tensor of shape []',
        );
      }
      if (weighting.balance) {
        expect(() => weighting.balance!(undefined as never)).toThrow(
          'expected inner products of the gradients of graph',
        );
        expect(() => weighting.balance!({ products: [1], losses: {} })).toThrow(
          'got 1; pass what taskGradients returned',
        );
      }
      if (weighting.restore) {
        for (const state of [undefined, null, 3, { first: [1], weights: [1] }, [[1]]])
          expect(() => weighting.restore!(state)).toThrow(`losses/${name}: expected a state`);
      }
      weighting.dispose();
      tf.dispose([graph, contrastive]);
    },
  );
  it('by task refuse what is no weight or kind', () => {
    expect(() => byTask.FixedWeighting({ a: '1' })).toThrow(
      "expected the weight of a to be a number in [0, ∞), got '1'",
    );
    expect(() => byTask.FixedWeighting(['a'])).toThrow('expected the weights to be an object');
    expect(() => byTask.FixedWeighting({})).toThrow('expected at least one task');
    expect(() => byTask.UncertaintyWeighting({ a: 'klassification' })).toThrow("try 'classification'");
    expect(() => byTask.UncertaintyWeighting(undefined)).toThrow(TypeError);
  });
});

describe('functions on counts and gradients', () => {
  it('refuse what is no list of counts', () => {
    const any = losses as unknown as Record<string, Any>;
    for (const name of ['effectiveNumberWeights', 'deferredWeights', 'ldamMargins']) {
      expect(() => any[name](tf.tensor1d([1, 2]))).toThrow(`losses/${name}: expected counts to be an array of numbers`);
      expect(() => any[name]([1, -1])).toThrow('expected counts to hold finite numbers of 0 or more, got -1 at 1');
      expect(() => any[name]([1, 2], { betta: 0.9, epoch: 1, start: 0 })).toThrow('expected options among');
    }
    expect(() => any.deferredWeights([1, 2], { epoch: 1 })).toThrow('expected the option start, got none');
    expect(() => any.effectiveNumberWeights([1, 2], 0.9)).toThrow('expected options to be an object, got 0.9');
  });
  it('taskGradients and gradientCosines refuse other things than functions, variables and products', async () => {
    const [x, any] = [tf.variable(tf.scalar(1)), losses as unknown as Record<string, Any>];
    const rejected = (...args: unknown[]) => expect(any.taskGradients(...args) as Promise<unknown>).rejects;
    await rejected({ a: tf.scalar }, [1]).toThrow('expected variables[0] to be a variable, got 1');
    await rejected({ a: 3 }, [x]).toThrow('losses/taskGradients: expected the loss of a to be a function, got 3');
    await rejected({ a: () => tf.mul(x, tf.ones([2])) }, [x]).toThrow('expected the loss of a of shape []');
    await rejected({ a: () => 3 }, [x]).toThrow('expected the loss of a to be a tensor, got 3');
    expect(() => any.gradientCosines([1])).toThrow('losses/gradientCosines: expected gradients with products');
    expect(() => any.gradientCosines({ products: [1, 2, 3] })).toThrow('expected products of every two tasks, got 3');
    x.dispose();
  });
});
