// Losses each entry of which depends on its own logit z and target y: value and derivative in one pass. p = σ(z), u = 1 − p.
import { number, whole } from './arguments';
import { EntryLoss } from './call';
import { EntryLossArgs } from './signatures';
import { exponential, logarithm, madd, total } from './vectors';

// The numbers of the call that is running.
let gammaPositive: f32 = 0;
let gammaNegative: f32 = 0;
let clip: f32 = 0;
let eps: f32 = 0;
let first: f32 = 0;
let second: f32 = 0;
let detached: bool = false;

// What one vector of entries gives: each thread has its own.
let value: v128 = f32x4.splat(0);
let slope: v128 = f32x4.splat(0);

// What all losses are made of, of the logits given last.
let p: v128 = f32x4.splat(0);
let u: v128 = f32x4.splat(0);
/** log(1 + e^−|z|) */
let tail: v128 = f32x4.splat(0);

@inline
function times(x: v128, by: f32): v128 {
  return f32x4.mul(x, f32x4.splat(by));
}

@inline
function plus(x: v128, by: f32): v128 {
  return f32x4.add(x, f32x4.splat(by));
}

@inline
function above(x: v128, bound: f32): v128 {
  return v128.and(f32x4.gt(x, f32x4.splat(bound)), f32x4.splat(1));
}

@inline
function positivePart(x: v128): v128 {
  return f32x4.max(x, f32x4.splat(0));
}

function prepare(z: v128): void {
  const one = f32x4.splat(1);
  const e = exponential(f32x4.neg(f32x4.abs(z)));
  const sum = f32x4.add(one, e);
  const large = f32x4.div(one, sum);
  const small = f32x4.mul(e, large);
  const isNegative = f32x4.lt(z, f32x4.splat(0));
  p = v128.bitselect(small, large, isNegative);
  u = v128.bitselect(large, small, isNegative);
  // What 1 + e lost to rounding comes back as a factor.
  const lost = f32x4.sub(sum, one);
  const exact = f32x4.mul(logarithm(sum), f32x4.div(e, lost));
  tail = v128.bitselect(e, exact, f32x4.eq(lost, f32x4.splat(0)));
}

/** x^γ for x in [0, 1]; powers below 1 take x as at least 1e-6. */
function power(x: v128, gamma: f32): v128 {
  if (gamma == 0) return f32x4.splat(1);
  const count = <i32>gamma;
  if (<f32>count == gamma && count <= 8) {
    let product = x;
    for (let i = 1; i < count; i++) product = f32x4.mul(product, x);
    return product;
  }
  const floor: f32 = gamma < 1 ? 1e-6 : 1e-37;
  return exponential(times(logarithm(f32x4.max(x, f32x4.splat(floor))), gamma));
}

/** The derivative of x^γ without its factor γ, γ above 0. */
function powerSlope(x: v128, gamma: f32): v128 {
  if (gamma >= 1) return power(x, gamma - 1);
  const bounded = f32x4.max(x, f32x4.splat(1e-6));
  const raised = f32x4.div(power(bounded, gamma), bounded);
  return v128.and(raised, f32x4.ge(x, f32x4.splat(1e-6)));
}

/** 1 − max(p − clip, 0), from u, so that it loses nothing where p rounds to 1. */
@inline
function marginComplement(): v128 {
  return f32x4.min(plus(u, clip), f32x4.splat(1));
}

/** y w softplus(−z) + (1 − y) softplus(z) */
function binaryCrossEntropy(z: v128, y: v128, w: v128): void {
  prepare(z);
  const ofPositive = f32x4.mul(y, w);
  const ofBoth = f32x4.sub(plus(ofPositive, 1), y);
  value = f32x4.sub(f32x4.mul(f32x4.add(positivePart(z), tail), ofBoth), f32x4.mul(z, ofPositive));
  slope = f32x4.sub(f32x4.mul(p, ofBoth), ofPositive);
}

/** With the signed logit a: weight σ(−a)^γ softplus(−a); weights `first` of negatives and `first + second` of positives. */
function focal(z: v128, y: v128): void {
  const sign = plus(times(y, 2), -1);
  const a = f32x4.mul(z, sign);
  prepare(a);
  const focus = exponential(times(f32x4.add(positivePart(a), tail), -gammaPositive));
  const crossEntropy = f32x4.add(positivePart(f32x4.neg(a)), tail);
  const weighted = f32x4.mul(focus, plus(times(y, second), first));
  value = f32x4.mul(weighted, crossEntropy);
  const inner = plus(f32x4.mul(p, plus(times(crossEntropy, -gammaPositive), 1)), -1);
  slope = f32x4.mul(f32x4.mul(inner, weighted), sign);
}

/** y (−u^γ log p) + (1 − y) (−m^γ log(1 − m)), m = max(p − clip, 0) */
function asymmetric(z: v128, y: v128): void {
  prepare(z);
  const floor = <f32>Math.log(eps);
  const logP = f32x4.max(f32x4.neg(f32x4.add(positivePart(f32x4.neg(z)), tail)), f32x4.splat(floor));
  const focus = power(u, gammaPositive);
  const ofPositive = f32x4.neg(f32x4.mul(focus, logP));
  let inner = f32x4.neg(f32x4.mul(u, above(logP, floor)));
  if (!detached) inner = madd(f32x4.mul(p, logP), f32x4.splat(gammaPositive), inner);
  const positiveSlope = f32x4.mul(focus, inner);

  const m = positivePart(plus(p, -clip));
  const q = f32x4.max(marginComplement(), f32x4.splat(eps));
  const logQ = clip == 0 ? f32x4.max(f32x4.neg(f32x4.add(positivePart(z), tail)), f32x4.splat(floor)) : logarithm(q);
  const negativeFocus = power(m, gammaNegative);
  const ofNegative = f32x4.neg(f32x4.mul(negativeFocus, logQ));
  const change = f32x4.mul(f32x4.mul(p, u), above(m, 0));
  const opened = f32x4.mul(negativeFocus, above(logQ, floor));
  let negativeSlope = clip == 0 ? f32x4.mul(opened, p) : f32x4.div(f32x4.mul(opened, change), q);
  if (!detached && gammaNegative > 0) {
    const ofFocus = f32x4.mul(times(powerSlope(m, gammaNegative), gammaNegative), logQ);
    negativeSlope = f32x4.sub(negativeSlope, f32x4.mul(ofFocus, change));
  }
  blend(y, ofPositive, ofNegative, positiveSlope, negativeSlope);
}

/** y (−u^γ (log p + a u + b u²)) + (1 − y) (−log(1 − m) m^(γ+2) (λ − m) (m + λ − 1)); a, b: `first`, `second`; λ: `eps` */
function robustAsymmetric(z: v128, y: v128): void {
  prepare(z);
  const lambda = eps;
  const polynomial = f32x4.sub(
    f32x4.mul(u, plus(times(u, second), first)),
    f32x4.add(positivePart(f32x4.neg(z)), tail),
  );
  const focus = power(u, gammaPositive);
  const inner = f32x4.mul(u, plus(f32x4.mul(p, plus(times(u, 2 * second), first)), -1));
  const positiveSlope = f32x4.mul(focus, f32x4.add(inner, times(f32x4.mul(p, polynomial), gammaPositive)));

  const m = positivePart(plus(p, -clip));
  const q = f32x4.max(marginComplement(), f32x4.splat(1e-8));
  const logQ = logarithm(q);
  const damping = plus(f32x4.mul(m, f32x4.sub(f32x4.splat(1), m)), lambda * (lambda - 1));
  const raised = power(m, gammaNegative + 1);
  const ofNegative = f32x4.neg(f32x4.mul(f32x4.mul(logQ, damping), f32x4.mul(raised, m)));
  const ofDamping = f32x4.add(times(damping, gammaNegative + 2), f32x4.mul(m, plus(times(m, -2), 1)));
  const ofBoth = f32x4.sub(f32x4.div(f32x4.mul(m, damping), q), f32x4.mul(logQ, ofDamping));
  const change = f32x4.mul(f32x4.mul(p, u), above(m, 0));
  blend(y, f32x4.neg(f32x4.mul(focus, polynomial)), ofNegative, positiveSlope, f32x4.mul(f32x4.mul(raised, ofBoth), change));
}

/** softplus(s (z − bar)) / |s|, s = λ − (1 + λ) y; λ: `eps` */
function distributionBalanced(z: v128, y: v128, bar: v128): void {
  const steepness = plus(times(y, -1 - eps), eps);
  const signed = f32x4.mul(f32x4.sub(z, bar), steepness);
  prepare(signed);
  const size = f32x4.max(f32x4.abs(steepness), f32x4.splat(1e-6));
  value = f32x4.div(f32x4.add(positivePart(signed), tail), size);
  const sign = f32x4.sub(above(steepness, 0), above(f32x4.neg(steepness), 0));
  slope = f32x4.mul(p, sign);
}

@inline
function blend(y: v128, positive: v128, negative: v128, positiveSlope: v128, negativeSlope: v128): void {
  const absent = f32x4.sub(f32x4.splat(1), y);
  value = f32x4.add(f32x4.mul(y, positive), f32x4.mul(absent, negative));
  slope = f32x4.add(f32x4.mul(y, positiveSlope), f32x4.mul(absent, negativeSlope));
}

function compute(loss: EntryLoss, z: v128, y: v128, column: v128): void {
  if (loss == EntryLoss.binaryCrossEntropy) binaryCrossEntropy(z, y, column);
  else if (loss == EntryLoss.focal) focal(z, y);
  else if (loss == EntryLoss.asymmetric) asymmetric(z, y);
  else if (loss == EntryLoss.robustAsymmetric) robustAsymmetric(z, y);
  else distributionBalanced(z, y, column);
}

/** Some rows of entries: their values, or the sum of these, and their derivatives, all times the factors. */
export function entryLosses(chunk: i32, scratch: usize): void {
  gammaPositive = number(EntryLossArgs.gammaPositive);
  gammaNegative = number(EntryLossArgs.gammaNegative);
  clip = number(EntryLossArgs.clip);
  eps = number(EntryLossArgs.eps);
  first = number(EntryLossArgs.coefficientA);
  second = number(EntryLossArgs.coefficientB);
  detached = whole(EntryLossArgs.detached) != 0;
  const loss = <EntryLoss>whole(EntryLossArgs.loss);
  const width = whole(EntryLossArgs.width);
  const step = whole(EntryLossArgs.step);
  const columns = <usize>whole(EntryLossArgs.columns);
  const factors = <usize>whole(EntryLossArgs.factors);
  const values = <usize>whole(EntryLossArgs.values);
  const slopes = <usize>whole(EntryLossArgs.slopes);
  let sum = f32x4.splat(0);
  let rest: f32 = 0;
  for (let row = chunk * step; row < min((chunk + 1) * step, whole(EntryLossArgs.rows)); row++)
    for (let i = 0; i < width; i += 4) {
      const at = (<usize>row * <usize>width + i) << 2;
      const count = min(4, width - i);
      const bytes = <usize>count << 2;
      let z = <usize>whole(EntryLossArgs.logits) + at;
      let y = <usize>whole(EntryLossArgs.targets) + at;
      let column = columns ? columns + (<usize>i << 2) : 0;
      let factor = factors ? factors + at : 0;
      if (count < 4) {
        // The last entries of a row, beside zeros.
        memory.fill(scratch, 0, 64);
        memory.copy(scratch, z, bytes);
        memory.copy(scratch + 16, y, bytes);
        if (column) memory.copy(scratch + 32, column, bytes);
        if (factor) memory.copy(scratch + 48, factor, bytes);
        z = scratch;
        y = scratch + 16;
        column = column ? scratch + 32 : 0;
        factor = factor ? scratch + 48 : 0;
      }
      compute(loss, v128.load(z), v128.load(y), column ? v128.load(column) : f32x4.splat(1));
      if (factor) {
        value = f32x4.mul(value, v128.load(factor));
        slope = f32x4.mul(slope, v128.load(factor));
      }
      if (count == 4) {
        sum = f32x4.add(sum, value);
        if (values) v128.store(values + at, value);
        if (slopes) v128.store(slopes + at, slope);
      } else {
        v128.store(scratch, value);
        v128.store(scratch + 16, slope);
        for (let j = 0; j < count; j++) rest += load<f32>(scratch + (<usize>j << 2));
        if (values) memory.copy(values + at, scratch, bytes);
        if (slopes) memory.copy(slopes + at, scratch + 16, bytes);
      }
    }
  store<f32>(<usize>whole(EntryLossArgs.sums) + (<usize>chunk << 2), total(sum) + rest);
}
