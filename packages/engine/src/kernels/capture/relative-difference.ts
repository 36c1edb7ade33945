import * as tf from '@tensorflow/tfjs-core';

/**
 * Relative differences of tensors by group: ‖got − expected‖ / ‖expected‖ over all tensors whose names are alike before the first
 * slash (`gradients/…`) or number (`first0`); the absolute difference where what is expected is 0. Non-finite values have to be alike
 * in both, and are left out then.
 *
 * @returns NaN for a group where one is finite and the other is not.
 */
export function differencesOf(expected: tf.NamedTensorMap, got: tf.NamedTensorMap): Record<string, number> {
  const groups = new Map<string, string[]>();
  for (const name of Object.keys(expected)) {
    const group = name.replace(/(\/.*|\d+)$/, '') || 'results';
    groups.set(group, [...(groups.get(group) ?? []), name]);
  }
  return Object.fromEntries(
    [...groups].map(([group, names]) => {
      const sums = names.map((name) => sumsOf(expected[name], got[name]));
      const [difference, norm, mixed] = [0, 1, 2].map((part) => sums.reduce((sum, one) => sum + one[part], 0));
      if (mixed > 0) return [group, NaN];
      return [group, norm > 0 ? Math.sqrt(difference / norm) : Math.sqrt(difference)];
    }),
  );
}

/** Σ (got − expected)², Σ expected², and how many entries are finite in one and not in the other. */
function sumsOf(expected: tf.Tensor, got: tf.Tensor): number[] {
  return tf.tidy(() => {
    const [one, other] = [expected, got].map((tensor) => tf.cast(tensor, 'float32'));
    const [finite, otherFinite] = [one, other].map((tensor) => tf.isFinite(tensor));
    const both = tf.logicalAnd(finite, otherFinite);
    const zeros = tf.zerosLike(one);
    const [a, b] = [one, other].map((tensor) => tf.where(both, tensor, zeros));
    const mixed = tf.cast(tf.notEqual(tf.cast(finite, 'int32'), tf.cast(otherFinite, 'int32')), 'float32');
    return [...tf.stack([tf.sum(tf.square(tf.sub(b, a))), tf.sum(tf.square(a)), tf.sum(mixed)]).dataSync()];
  });
}
