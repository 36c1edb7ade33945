import type { AdamWSettings, FusedAdamW } from '@cxr-align/fast-forms';
import * as tf from '@tensorflow/tfjs-core';
import { detach } from './detach.js';
import { flatValues } from '../flat-values.js';
import { Operations } from './operations.js';

/** A variable, and where TensorFlow keeps it and its moments. */
interface Slot {
  variable: tf.Variable;
  decay: number;
  weight: tf.Tensor;
  first: tf.Tensor;
  second: tf.Tensor;
  /** The data that the variable had after the last step: others mean that someone assigned to it since. */
  known?: object;
}

let count = 0;

/**
 * AdamW by TensorFlow's own ResourceApplyAdam, which goes through memory once and in place, for bindings that have nothing of ours. Each variable shares its memory with
 * a resource of TensorFlow.
 */
export class ResourceAdamW implements FusedAdamW {
  private readonly slots: Slot[];

  constructor(variables: readonly tf.Variable[], decay: readonly number[]) {
    const ops = new Operations();
    this.slots = variables.map((variable, i) => {
      const slot = {
        variable,
        decay: decay[i],
        weight: resource(ops, variable.shape),
        first: resource(ops, variable.shape),
        second: resource(ops, variable.shape),
      };
      for (const moment of [slot.first, slot.second]) {
        const zeros = tf.zeros(variable.shape);
        assign(ops, moment, zeros);
        zeros.dispose();
      }
      return slot;
    });
  }

  apply(gradients: tf.Tensor[], settings: AdamWSettings): tf.Scalar {
    const { step, learningRate, beta1, beta2, eps, maxGradientNorm, factors } = settings;
    const ops = new Operations();
    const norm = jointLength(ops, gradients);
    const shrink = maxGradientNorm === undefined ? 1 : Math.min(1, maxGradientNorm / (norm + 1e-6));
    const powers = [beta1 ** step, beta2 ** step];
    // TensorFlow adds epsilon before the correction of the second moment; ours is meant after it.
    const numbersAt = (rate: number): tf.Tensor[] =>
      [...powers, rate, beta1, beta2, eps * Math.sqrt(1 - powers[1])].map((value) => tf.scalar(value));
    const rates = this.slots.map((_, i) => learningRate * (factors?.[i] ?? 1));
    const numbers = new Map([...new Set(rates)].map((rate) => [rate, numbersAt(rate)]));
    const scale = shrink < 1 ? tf.scalar(shrink) : undefined;
    this.slots.forEach((slot, i) => {
      const gradient = scale ? tf.mul(gradients[i], scale) : gradients[i];
      this.update(ops, slot, gradient, numbers.get(rates[i])!, rates[i]);
      tf.dispose([gradient, gradients[i]]);
    });
    tf.dispose([...numbers.values(), ...(scale ? [scale] : [])]);
    return tf.scalar(norm);
  }

  private update(ops: Operations, slot: Slot, gradient: tf.Tensor, numbers: tf.Tensor[], learningRate: number): void {
    const { variable, weight, first, second, decay } = slot;
    detach(variable);
    if (variable.dataId !== slot.known) assign(ops, weight, variable);
    // A scatter operation would do it without a temporary, and make every later read of the variable a copy.
    const shrinkage = decay === 0 ? undefined : tf.mul(variable, decay * learningRate);
    // In place only while nothing else holds the memory.
    ops.release(variable);
    if (shrinkage) {
      ops.none('AssignSubVariableOp', [weight, shrinkage], [ops.float('dtype')]);
      shrinkage.dispose();
    }
    ops.none(
      'ResourceApplyAdam',
      [weight, first, second, ...numbers, gradient],
      [ops.float(), ops.flag('use_locking', false), ops.flag('use_nesterov', false)],
    );
    ops.point(variable, read(ops, weight));
    slot.known = variable.dataId;
  }

  async moments(): Promise<{ first: Float32Array; second: Float32Array }> {
    return {
      first: await this.flat(this.slots.map(({ first }) => first)),
      second: await this.flat(this.slots.map(({ second }) => second)),
    };
  }

  private async flat(handles: readonly tf.Tensor[]): Promise<Float32Array> {
    const ops = new Operations();
    const values = handles.map((handle) => read(ops, handle));
    const flat = await flatValues(values);
    tf.dispose(values);
    return flat;
  }

  restore(moments: { first: Float32Array; second: Float32Array }): void {
    const ops = new Operations();
    for (const kind of ['first', 'second'] as const) {
      let start = 0;
      for (const slot of this.slots) {
        const { size, shape } = slot.variable;
        const values = tf.tensor(moments[kind].slice(start, start + size), shape);
        assign(ops, slot[kind], values);
        values.dispose();
        start += size;
      }
    }
  }

  dispose(): void {
    const ops = new Operations();
    for (const { weight, first, second } of this.slots) {
      for (const handle of [weight, first, second]) {
        ops.none('DestroyResourceOp', [handle], [ops.flag('ignore_lookup_error', true)]);
        handle.dispose();
      }
    }
  }
}

function resource(ops: Operations, shape: number[]): tf.Tensor {
  return ops.one(
    'VarHandleOp',
    [],
    [
      ops.float('dtype'),
      ops.shape('shape', shape),
      ops.text('container', ''),
      ops.text('shared_name', `cxr-align-${process.pid}-${count++}`),
    ],
  );
}

function assign(ops: Operations, handle: tf.Tensor, values: tf.Tensor): void {
  ops.none('AssignVariableOp', [handle, values], [ops.float('dtype')]);
}

function read(ops: Operations, handle: tf.Tensor): tf.Tensor {
  return ops.one('ReadVariableOp', [handle], [ops.float('dtype')]);
}

/** The length of all gradients together, from half of the sum of squares of each. */
function jointLength(ops: Operations, gradients: readonly tf.Tensor[]): number {
  return tf.tidy(() => {
    const halves = gradients.map((gradient) => ops.one('L2Loss', [gradient]));
    return Math.sqrt(2 * tf.addN(halves).dataSync()[0]);
  });
}
