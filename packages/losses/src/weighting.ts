import { assertOption, assertTensor, described, nearestName } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** Losses, scalar tensors, by the name of their task. */
export type TaskLosses = Readonly<Record<string, tf.Tensor>>;

/** Balances the losses of several tasks. */
export interface TaskWeighting {
  /** The tasks, in the order of {@link TaskWeighting.weights}. */
  readonly tasks: readonly string[];
  /** The variables that the optimiser trains along with the model; empty for weights that are not learned. */
  readonly variables: readonly tf.Variable[];
  /**
   * The losses of all tasks as one.
   *
   * @returns a scalar; the caller owns it.
   * @throws {RangeError} if a task is missing or unknown. @throws {TypeError} if a loss is no scalar tensor.
   */
  combine(losses: TaskLosses): tf.Scalar;
  /** The current factor of each task's gradient; NaN where it is unknown yet. */
  weights(): Promise<Record<string, number>>;
  /** Takes the mean losses of an epoch. Only weightings that depend on them have it. */
  observe?(losses: Readonly<Record<string, number>>): void;
  /** Sets the weights of the coming step from the tasks' gradients. Weightings that have it need it before each step. */
  balance?(gradients: TaskGradients): void;
  /** What a checkpoint has to keep besides the variables, as plain JSON. Only weightings with a memory have it. */
  state?(): unknown;
  /** Continues from what {@link TaskWeighting.state} returned. @throws {TypeError} for anything else. */
  restore?(state: unknown): void;
  dispose(): void;
}

/** What a gradient-based weighting depends on. */
export interface TaskGradients {
  /** [tasks, tasks] row by row: inner products of the tasks' gradients. */
  products: ArrayLike<number>;
  /** The loss of each task. */
  losses: Readonly<Record<string, number>>;
}

/** Checks task names: an array of different strings, at least one. */
export function checkTasks(where: string, tasks: readonly string[]): readonly string[] {
  assertOption(where, 'tasks', tasks, 'array');
  for (const task of tasks) assertOption(where, 'a task', task, 'string');
  if (tasks.length === 0) throw new RangeError(`${where}: expected at least one task, got none; name the losses`);
  const repeated = tasks.find((task, i) => tasks.indexOf(task) !== i);
  if (repeated !== undefined)
    throw new RangeError(`${where}: expected different tasks, got ${repeated} twice; remove one of them`);
  return tasks;
}

/** Checks an object that has a value for each task. @returns its keys. */
export function byTask(where: string, name: string, value: unknown): string[] {
  const isRecord =
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof tf.Tensor);
  if (!isRecord)
    throw new TypeError(
      `${where}: expected ${name} to be an object with a value for each task, got ${described(value)}; ` +
        'pass { task: value }',
    );
  return Object.keys(value);
}

/** Losses in the order of the tasks; see {@link TaskWeighting.combine}. */
export function inTaskOrder(where: string, losses: TaskLosses, tasks: readonly string[]): tf.Scalar[] {
  checkSameTasks(where, 'loss', byTask(where, 'losses', losses), tasks);
  return tasks.map((task) => {
    assertTensor(where, `the loss of ${task}`, losses[task]);
    if (losses[task].size !== 1)
      throw new RangeError(
        `${where}: expected the loss of ${task} to be a scalar, got shape [${losses[task].shape.join(', ')}]; ` +
          "use reduction 'mean' or 'sum'",
      );
    return losses[task] as tf.Scalar;
  });
}

/** Numbers in the order of the tasks. @throws {RangeError} if a task is missing or unknown. */
export function numbersInTaskOrder(
  where: string,
  losses: Readonly<Record<string, number>>,
  tasks: readonly string[],
): number[] {
  checkSameTasks(where, 'loss', byTask(where, 'losses', losses), tasks);
  return tasks.map((task) => {
    if (typeof losses[task] !== 'number')
      throw new TypeError(
        `${where}: expected the loss of ${task} to be a number, got ${described(losses[task])}; read it with data()`,
      );
    return losses[task];
  });
}

function checkSameTasks(where: string, what: string, names: readonly string[], tasks: readonly string[]): void {
  if (names.length === tasks.length && tasks.every((task) => names.includes(task))) return;
  const unknown = names.find((name) => !tasks.includes(name));
  const nearest = unknown === undefined ? undefined : nearestName(unknown, tasks);
  throw new RangeError(
    `${where}: expected a ${what} for each of ${tasks.join(', ')}, got ${names.join(', ') || 'none'}; ` +
      (nearest === undefined ? `pass one ${what} for every task` : `try ${nearest} instead of ${unknown}`),
  );
}
