import { RandomStream } from '@cxr-align/random';
import * as tf from '@tensorflow/tfjs-core';

/** One parameter of a model. */
export interface Parameter {
  /** Its path in the model, such as `image/encoder/0/weight`. */
  name: string;
  variable: tf.Variable;
  /** False for moving statistics, which the optimiser does not update. */
  trainable: boolean;
}

/** Values of parameters by name: float32, row by row. */
export type StoredValues = ReadonlyMap<string, { shape: number[]; data: Float32Array | Int32Array }>;

/** The initial value of a parameter: a constant, normally distributed numbers with mean 0 and this standard deviation, or given ones. */
export type Initializer = { constant: number } | { normal: number } | { values: readonly number[] };

/**
 * The parameters of a model, by name and in the order in which they were added. Modules take a {@link Scope} and add their
 * parameters to it. Initial values are a pure function of the seed and the parameter's name.
 *
 * @example
 * const parameters = new Parameters(7);
 * const layer = new Linear(parameters.scope('head'), 4, 2); // head/weight, head/bias
 */
export class Parameters {
  private readonly byName = new Map<string, Parameter>();

  /**
   * @param seed of the initial values: an integer in [0, 2³²).
   * @param stored values that parameters have from the start instead, each of them; {@link refuseUnused} reports others.
   */
  constructor(
    readonly seed: number,
    private readonly stored?: StoredValues,
  ) {}

  /** The scope of a part of the model. @param name its path, such as `image/encoder`. */
  scope(name: string): Scope {
    return new Scope(this, name);
  }

  /**
   * Adds a float32 parameter.
   *
   * @param name its full path; {@link Scope.addParameter} puts the scope in front.
   * @param trainable false for moving statistics. Default true.
   * @returns its variable, which this owns.
   * @throws {RangeError} if the name is taken, or there are stored values and none of this name and shape.
   */
  addParameter(name: string, shape: number[], initializer: Initializer, trainable = true): tf.Variable {
    if (this.byName.has(name))
      throw new RangeError(`nn/Parameters: expected a new name, got ${name} again; try another scope`);
    // Before memory is taken: a model that is described wrong may be of any size.
    const values = this.stored
      ? storedValue(this.stored, name, shape, 'nn/Parameters')
      : this.initialValue(name, shape, initializer);
    const variable = tf.tidy(() => tf.variable(tf.tensor(values, shape, 'float32'), trainable));
    this.byName.set(name, { name, variable, trainable });
    return variable;
  }

  private initialValue(name: string, shape: readonly number[], initializer: Initializer): Float32Array {
    const size = shape.reduce((product, extent) => product * extent, 1);
    if ('values' in initializer) return valuesOf(initializer.values, name, size);
    return 'constant' in initializer
      ? new Float32Array(size).fill(initializer.constant)
      : new RandomStream({ seed: this.seed, purpose: `initial/${name}` }).normals(size, initializer.normal);
  }

  /** @throws {RangeError} if there are stored values that no parameter was given. */
  refuseUnused(): void {
    if (this.stored) this.refuseOthers(this.stored, 'nn/Parameters');
  }

  private refuseOthers(values: StoredValues, where: string): void {
    for (const name of values.keys())
      if (!this.byName.has(name))
        throw new RangeError(`${where}: expected no parameter ${name}; try the weights of this model`);
  }

  /** All parameters, in the order in which they were added. */
  all(): Parameter[] {
    return [...this.byName.values()];
  }

  /** The parameters that the optimiser updates. */
  trainable(): Parameter[] {
    return this.all().filter(({ trainable }) => trainable);
  }

  /** The number of trainable numbers. */
  count(): number {
    return this.trainable().reduce((sum, { variable }) => sum + variable.size, 0);
  }

  /** Copies of all values, by name: what `writeSafetensors` of `@cxr-align/files` takes. */
  async values(): Promise<Map<string, { shape: number[]; data: Float32Array }>> {
    const values = new Map<string, { shape: number[]; data: Float32Array }>();
    for (const { name, variable } of this.all()) {
      const data = (await variable.data()) as Float32Array;
      values.set(name, { shape: [...variable.shape], data: data.slice() });
    }
    return values;
  }

  /**
   * Assigns stored values to all parameters.
   *
   * @throws {RangeError} if one is missing, has another shape, or has a name that the model does not have.
   */
  load(values: StoredValues): void {
    const where = 'nn/Parameters.load';
    for (const { name, variable } of this.all()) {
      const value = storedValue(values, name, variable.shape, where);
      tf.tidy(() => variable.assign(tf.tensor(value, variable.shape)));
    }
    this.refuseOthers(values, where);
  }

  /** Disposes all variables. */
  dispose(): void {
    for (const { variable } of this.byName.values()) variable.dispose();
    this.byName.clear();
  }
}

/** A copy of the values of a parameter. @throws {RangeError} if there are none, or of another shape. */
function storedValue(values: StoredValues, name: string, shape: readonly number[], where: string): Float32Array {
  const stored = values.get(name);
  if (!stored) throw new RangeError(`${where}: expected a parameter ${name}, got none; try the weights of this model`);
  if (stored.shape.join() !== shape.join())
    throw new RangeError(
      `${where}: expected ${name} of shape [${shape.join()}], got [${stored.shape.join()}]; try the weights of this model`,
    );
  return Float32Array.from(stored.data);
}

/** A path in the model, to which a module adds its parameters. */
export class Scope {
  constructor(
    private readonly parameters: Parameters,
    /** Names of the parameters below it start with this and a slash. */
    readonly path: string,
  ) {}

  /** The scope of a part of this one. */
  scope(name: string | number): Scope {
    return new Scope(this.parameters, `${this.path}/${name}`);
  }

  /** Adds a parameter named `path/name`; see {@link Parameters.addParameter}. */
  addParameter<T extends tf.Tensor = tf.Tensor>(
    name: string,
    shape: number[],
    initializer: Initializer,
    trainable = true,
  ): tf.Variable & T {
    return this.parameters.addParameter(`${this.path}/${name}`, shape, initializer, trainable) as tf.Variable & T;
  }
}

/** @throws {RangeError} if they are of another number. */
function valuesOf(values: readonly number[], name: string, size: number): Float32Array {
  if (values.length !== size)
    throw new RangeError(`nn/Parameters: expected ${size} initial values of ${name}, got ${values.length}`);
  return Float32Array.from(values);
}
