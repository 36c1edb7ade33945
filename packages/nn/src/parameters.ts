import { RandomStream } from '@cxr-align/random';
import * as tf from '@tensorflow/tfjs-core';

/** One array of a model. */
export interface Parameter {
  /** Its place in the model, such as `image/encoder/0/weight`. */
  name: string;
  variable: tf.Variable;
  /** False for running statistics, which the optimiser leaves alone. */
  trainable: boolean;
}

/** How an array starts: a constant, or random numbers of a standard deviation. */
export type Initial = { constant: number } | { normal: number };

/**
 * The arrays of a model, by name and in the order in which they were made. Modules take a scope and make their arrays
 * in it; the same seed gives the same starting weights.
 *
 * @example
 * const parameters = new Parameters(7);
 * const layer = new Linear(parameters.scope('head'), 4, 2); // head/weight, head/bias
 */
export class Parameters {
  private readonly byName = new Map<string, Parameter>();

  constructor(readonly seed: number) {}

  scope(name: string): Scope {
    return new Scope(this, name);
  }

  /** Makes an array. @throws {RangeError} if the name is taken. */
  make(name: string, shape: number[], initial: Initial, trainable = true): tf.Variable {
    if (this.byName.has(name))
      throw new RangeError(`nn/Parameters: expected a new name, got ${name} again; use another scope`);
    const size = shape.reduce((product, extent) => product * extent, 1);
    const values =
      'constant' in initial
        ? new Float32Array(size).fill(initial.constant)
        : new RandomStream({ seed: this.seed, purpose: `initial/${name}` }).normals(size, initial.normal);
    const variable = tf.tidy(() => tf.variable(tf.tensor(values, shape, 'float32'), trainable));
    this.byName.set(name, { name, variable, trainable });
    return variable;
  }

  all(): Parameter[] {
    return [...this.byName.values()];
  }

  trainable(): Parameter[] {
    return this.all().filter(({ trainable }) => trainable);
  }

  /** How many numbers the optimiser may change. */
  count(): number {
    return this.trainable().reduce((sum, { variable }) => sum + variable.size, 0);
  }

  /** Copies of all values, by name. */
  async values(): Promise<Map<string, { shape: number[]; data: Float32Array }>> {
    const values = new Map<string, { shape: number[]; data: Float32Array }>();
    for (const { name, variable } of this.all()) {
      const data = (await variable.data()) as Float32Array;
      values.set(name, { shape: [...variable.shape], data: data.slice() });
    }
    return values;
  }

  /** Puts stored values in. @throws {RangeError} if a name is missing or too many, or a shape is another one. */
  load(values: ReadonlyMap<string, { shape: number[]; data: Float32Array | Int32Array }>): void {
    const where = 'nn/Parameters.load';
    for (const { name, variable } of this.all()) {
      const stored = values.get(name);
      if (!stored)
        throw new RangeError(`${where}: expected an array ${name}, got none; the weights belong to another model`);
      if (stored.shape.join() !== variable.shape.join()) {
        throw new RangeError(
          `${where}: expected ${name} of shape [${variable.shape}], got [${stored.shape}]; the weights belong to another model`,
        );
      }
      tf.tidy(() => variable.assign(tf.tensor(Float32Array.from(stored.data), variable.shape)));
    }
    for (const name of values.keys()) {
      if (!this.byName.has(name))
        throw new RangeError(`${where}: expected no array ${name}; the weights belong to another model`);
    }
  }

  dispose(): void {
    for (const { variable } of this.byName.values()) variable.dispose();
    this.byName.clear();
  }
}

/** A place in the model, where a module makes its arrays. */
export class Scope {
  constructor(
    private readonly parameters: Parameters,
    readonly path: string,
  ) {}

  scope(name: string | number): Scope {
    return new Scope(this.parameters, `${this.path}/${name}`);
  }

  make<T extends tf.Tensor = tf.Tensor>(
    name: string,
    shape: number[],
    initial: Initial,
    trainable = true,
  ): tf.Variable & T {
    return this.parameters.make(`${this.path}/${name}`, shape, initial, trainable) as tf.Variable & T;
  }
}
