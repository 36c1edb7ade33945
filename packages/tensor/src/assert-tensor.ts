import * as tf from '@tensorflow/tfjs-core';

/**
 * Checks that an argument is a tensor of numbers, as plain JavaScript may pass anything.
 *
 * @throws {TypeError} for an array, a number, a missing argument, or a tensor of strings or complex numbers.
 */
export function assertTensor(where: string, name: string, value: unknown): asserts value is tf.Tensor {
  if (!(value instanceof tf.Tensor)) {
    const hint = value === undefined || value === null ? `pass ${name}` : `try tf.tensor(${name})`;
    throw new TypeError(`${where}: expected ${name} to be a tensor, got ${described(value)}; ${hint}`);
  }
  if (value.dtype === 'string' || value.dtype === 'complex64')
    throw new TypeError(
      `${where}: expected ${name} to be a tensor of numbers, got one of dtype ${value.dtype}; pass float32`,
    );
}

/** A value as errors name it: short, and without its content where that may be large. */
export function described(value: unknown): string {
  if (value === undefined || value === null || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  if (typeof value === 'string') return `'${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (value instanceof tf.Tensor) return `a tensor of shape [${value.shape.join(', ')}]`;
  if (Array.isArray(value) || ArrayBuffer.isView(value))
    return `an array of ${(value as ArrayLike<unknown>).length ?? 'bytes'}`;
  const keys = Object.keys(value);
  return keys.length === 0 ? 'an empty object' : `an object with ${keys.slice(0, 5).join(', ')}`;
}
