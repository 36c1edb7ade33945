import * as tf from '@tensorflow/tfjs-core';

/** How tensors of a group differ. */
export interface GroupDifference {
  /** ‖got − expected‖ / ‖expected‖; the absolute difference where what is expected is 0; NaN where one is finite and the other is not. */
  difference: number;
  /** How many numbers are finite in both: what is not was not compared. */
  compared: number;
}

/**
 * Relative differences of tensors by group, over all tensors whose names are alike before the first slash (`gradients/…`) or number
 * (`first0`). Non-finite values have to be alike in both, and are left out then. Groups without a number are left out.
 */
export function differencesOf(expected: tf.NamedTensorMap, got: tf.NamedTensorMap): Record<string, GroupDifference> {
  const groups = new Map<string, string[]>();
  for (const name of Object.keys(expected)) {
    if (expected[name].size === 0) continue;
    const group = name.replace(/(\/.*|\d+)$/, '') || 'results';
    groups.set(group, [...(groups.get(group) ?? []), name]);
  }
  return Object.fromEntries(
    [...groups].map(([group, names]) => {
      const sums = names.map((name) => sumsOf(expected[name], got[name]));
      const sum = (part: keyof Sums): number => sums.reduce((total, one) => total + one[part], 0);
      const [squares, norm, compared] = [sum('squares'), sum('norm'), sum('compared')];
      const difference = sum('mixed') > 0 ? NaN : norm > 0 ? Math.sqrt(squares / norm) : Math.sqrt(squares);
      return [group, { difference, compared }];
    }),
  );
}

/** Σ (got − expected)², Σ expected², how many entries are finite in both, and how many in one and not in the other. */
type Sums = Record<'squares' | 'norm' | 'compared' | 'mixed', number>;

function sumsOf(expected: tf.Tensor, got: tf.Tensor): Sums {
  return tf.tidy(() => {
    const [one, other] = [expected, got].map((tensor) => tf.cast(tensor, 'float32'));
    const [finite, otherFinite] = [one, other].map((tensor) => tf.isFinite(tensor));
    const both = tf.logicalAnd(finite, otherFinite);
    const zeros = tf.zerosLike(one);
    const [a, b] = [one, other].map((tensor) => tf.where(both, tensor, zeros));
    const count = (flags: tf.Tensor): tf.Tensor => tf.sum(tf.cast(flags, 'float32'));
    const mixed = count(tf.notEqual(tf.cast(finite, 'int32'), tf.cast(otherFinite, 'int32')));
    const [squares, norm, compared, differing] = tf
      .stack([tf.sum(tf.square(tf.sub(b, a))), tf.sum(tf.square(a)), count(both), mixed])
      .dataSync();
    return { squares, norm, compared, mixed: differing };
  });
}
