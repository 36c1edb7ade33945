/**
 * The places of values in falling order, equal ones in the order they stand in; no value may be NaN. A radix sort over the
 * bits of the numbers: some ten times faster than a sort with a comparison.
 */
export function descendingOrder(values: Float64Array): Uint32Array {
  const n = values.length;
  const bits = new Uint32Array(Float64Array.from(values, (value) => value + 0).buffer); // −0 becomes 0
  const keys = new Uint32Array(2 * n);
  for (let i = 0; i < n; i++) {
    // Falling order of numbers is rising order of these: bits of positive numbers are turned round, but for the sign.
    const isNegative = bits[2 * i + 1] >>> 31 === 1;
    keys[2 * i] = isNegative ? bits[2 * i] : ~bits[2 * i];
    keys[2 * i + 1] = isNegative ? bits[2 * i + 1] : ~bits[2 * i + 1] & 0x7fffffff;
  }
  let order = Uint32Array.from({ length: n }, (_, i) => i);
  let spare = new Uint32Array(n);
  const counts = new Uint32Array(1 << digitBits);
  for (let word = 0; word < 2; word++) {
    for (let shift = 0; shift < 32; shift += digitBits) {
      counts.fill(0);
      for (let i = 0; i < n; i++) counts[(keys[2 * i + word] >>> shift) & digitMask]++;
      // A digit that is the same in all, such as the last ones of numbers with few digits, sorts nothing.
      if (n > 0 && counts[(keys[word] >>> shift) & digitMask] === n) continue;
      let sum = 0;
      for (let digit = 0; digit <= digitMask; digit++) {
        const count = counts[digit];
        counts[digit] = sum;
        sum += count;
      }
      for (let i = 0; i < n; i++) {
        const place = order[i];
        spare[counts[(keys[2 * place + word] >>> shift) & digitMask]++] = place;
      }
      [order, spare] = [spare, order];
    }
  }
  return order;
}

const digitBits = 11;
const digitMask = (1 << digitBits) - 1;
