import { assertOption, assertOptions, assertShape, described } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { NumericWeighting } from './numeric-weightings.js';
import { byTask, checkTasks, numbersInTaskOrder, type TaskGradients } from './weighting.js';

/**
 * Inner products of the gradients of tasks with respect to the same variables: one backward pass for each task.
 *
 * @param losses the loss of each task, as a function of the variables.
 * @returns the products in the order of the tasks, and the losses.
 * @throws {TypeError} if a loss is no function, or a variable is none.
 */
export async function taskGradients(
  losses: Readonly<Record<string, () => tf.Tensor>>,
  variables: tf.Variable[],
): Promise<TaskGradients> {
  const where = 'losses/taskGradients';
  const tasks = checkTasks(where, byTask(where, 'losses', losses));
  for (const task of tasks) assertOption(where, `the loss of ${task}`, losses[task], 'function');
  assertOption(where, 'variables', variables, 'array');
  variables.forEach((variable, i) => {
    if (!(variable instanceof tf.Variable))
      throw new TypeError(`${where}: expected variables[${i}] to be a variable, got ${described(variable)}`);
  });
  const [products, values] = tf.tidy(() => {
    const passes = tasks.map((task) => {
      const { value, grads } = tf.variableGrads(() => {
        const loss = losses[task]();
        assertShape(where, `the loss of ${task}`, loss, []);
        return loss as tf.Scalar;
      }, variables);
      const parts = variables.map(
        (variable) => tf.reshape(grads[variable.name] ?? tf.zerosLike(variable), [variable.size]) as tf.Tensor1D,
      );
      return { value, gradient: tf.concat(parts) };
    });
    const matrix = tf.stack(passes.map(({ gradient }) => gradient)) as tf.Tensor2D;
    return [tf.matMul(matrix, matrix, false, true), tf.stack(passes.map(({ value }) => value))];
  });
  const [inner, sizes] = [await products.data(), await values.data()];
  tf.dispose([products, values]);
  return {
    products: inner as Float32Array,
    losses: Object.fromEntries(tasks.map((task, i) => [task, sizes[i]])),
  };
}

/**
 * Cosines between the gradients of tasks: below 0 they conflict; NaN for a task without gradient.
 *
 *   g_i · g_j / (‖g_i‖ ‖g_j‖)
 *
 * @param gradients of {@link taskGradients}.
 * @returns [tasks, tasks] row by row.
 * @throws {TypeError} if it has no products. @throws {RangeError} if these are no square matrix.
 */
export function gradientCosines(gradients: Pick<TaskGradients, 'products'>): Float32Array {
  const where = 'losses/gradientCosines';
  const products = gradients?.products;
  const tasks = Math.sqrt(products?.length ?? NaN);
  if (Number.isNaN(tasks))
    throw new TypeError(
      `${where}: expected gradients with products, got ${described(gradients)}; pass what taskGradients returned`,
    );
  if (!Number.isInteger(tasks))
    throw new RangeError(
      `${where}: expected products of every two tasks, got ${products.length}; pass a square matrix`,
    );
  const length = (i: number): number => Math.sqrt(products[i * tasks + i]);
  return Float32Array.from(products, (product, at) => product / (length(Math.floor(at / tasks)) * length(at % tasks)));
}

export interface GradNormOptions {
  /** α ≥ 0: how strongly tasks that train slowly are favoured; 0 makes all gradient norms equal. Default 1.5. */
  alpha?: number;
  /** Step size of the weights, > 0. Default 0.025. */
  learningRate?: number;
}

const gradNormRules = { alpha: { min: 0 }, learningRate: { above: 0 } } as const;

/**
 * GradNorm: the weights move so that the norm of each task's weighted gradient follows its relative training rate.
 *
 *   G_t = w_t ‖g_t‖, target_t = mean(G) · (r_t)^α, r_t = (ℓ_t / ℓ_t(first step)) / mean of these
 *   w_t ← w_t − rate · sign(G_t − target_t) ‖g_t‖, then scaled so that they sum to the number of tasks
 *
 * That is the gradient of Σ |G_t − target_t| with the targets held constant. No weight falls below 0.001.
 * Call {@link balance} before each step.
 *
 * @see Chen et al. 2018, arXiv:1711.02257.
 */
export class GradNormWeighting extends NumericWeighting {
  private first: number[] = [];

  constructor(
    tasks: readonly string[],
    private readonly options: GradNormOptions = {},
  ) {
    super(tasks, 'losses/GradNormWeighting');
    assertOptions(this.where, options, gradNormRules);
  }

  balance(gradients: TaskGradients): void {
    checkGradients(this.where, gradients, this.tasks);
    const { products, losses } = gradients;
    const { alpha = 1.5, learningRate = 0.025 } = this.options;
    const count = this.tasks.length;
    const values = numbersInTaskOrder(this.where, losses, this.tasks);
    if (this.first.length === 0) this.first = values;
    const lengths = this.tasks.map((_, t) => Math.sqrt(products[t * count + t]));
    const weighted = lengths.map((length, t) => this.current[t] * length);
    const progress = values.map((loss, t) => loss / Math.max(this.first[t], 1e-12));
    const [meanLength, meanProgress] = [mean(weighted), Math.max(mean(progress), 1e-12)];
    const moved = this.current.map((weight, t) => {
      const target = meanLength * (progress[t] / meanProgress) ** alpha;
      return Math.max(weight - learningRate * Math.sign(weighted[t] - target) * lengths[t], 1e-3);
    });
    const sum = moved.reduce((total, weight) => total + weight, 0);
    this.current = moved.map((weight) => (count * weight) / sum);
  }

  state(): unknown {
    return { first: this.first, weights: this.current };
  }

  restore(state: unknown): void {
    const { first, weights } = (state ?? {}) as { first?: unknown; weights?: unknown };
    const [isNew, current] = [Array.isArray(first) && first.length === 0, this.checkState(weights)];
    this.first = isNew ? [] : this.checkState(first);
    this.current = current;
  }
}

export interface ProjectedWeightingOptions {
  /** Returns numbers in [0, 1), for example from a seeded generator, for the order of the others. Default Math.random. */
  uniform?: () => number;
}

/**
 * PCGrad: where the gradients of two tasks conflict, each is projected onto the normal plane of the other.
 *
 *   for each task i, for the others j in random order: if g_i · g_j < 0, g_i ← g_i − (g_i · g_j / ‖g_j‖²) g_j
 *
 * The sum of what remains is a sum of the gradients themselves, each with a weight that follows from their inner products
 * alone; these are the weights, so any optimiser can take the step. Call {@link balance} before each step.
 *
 * @see Yu et al. 2020, arXiv:2001.06782.
 */
export class ProjectedWeighting extends NumericWeighting {
  constructor(
    tasks: readonly string[],
    private readonly options: ProjectedWeightingOptions = {},
  ) {
    super(tasks, 'losses/ProjectedWeighting');
    assertOptions(this.where, options, { uniform: 'function' });
  }

  balance(gradients: TaskGradients): void {
    checkGradients(this.where, gradients, this.tasks);
    const { products } = gradients;
    const count = this.tasks.length;
    const weights = new Array<number>(count).fill(0);
    for (let i = 0; i < count; i++) {
      // What is left of gradient i, in terms of all gradients.
      const parts = new Array<number>(count).fill(0);
      parts[i] = 1;
      for (const j of this.othersOf(i)) {
        const inner = parts.reduce((sum, part, k) => sum + part * products[k * count + j], 0);
        if (inner < 0) parts[j] -= inner / products[j * count + j];
      }
      parts.forEach((part, k) => (weights[k] += part));
    }
    this.current = weights;
  }

  private othersOf(i: number): number[] {
    const { uniform = Math.random } = this.options;
    const others = this.tasks.map((_, j) => j).filter((j) => j !== i);
    for (let k = others.length - 1; k > 0; k--) {
      const swap = Math.floor(uniform() * (k + 1));
      [others[k], others[swap]] = [others[swap], others[k]];
    }
    return others;
  }
}

/** Checks gradients of these tasks. */
function checkGradients(where: string, gradients: TaskGradients, tasks: readonly string[]): void {
  const found = gradients?.products?.length;
  if (found !== tasks.length ** 2)
    throw new TypeError(
      `${where}: expected inner products of the gradients of ${tasks.join(', ')}, got ${found ?? described(gradients)}; ` +
        'pass what taskGradients returned',
    );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
