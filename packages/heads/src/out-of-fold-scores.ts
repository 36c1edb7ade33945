import { softplus } from './binary-problem.js';

/** The mean over the labels of the mean log loss of their known targets. */
export function meanLogLoss(targets: ArrayLike<number>, logits: ArrayLike<number>, labels: number, scale = 1): number {
  let total = 0;
  let counted = 0;
  for (let label = 0; label < labels; label++) {
    let sum = 0;
    let count = 0;
    for (let at = label; at < logits.length; at += labels) {
      const t = targets[at];
      if (Number.isNaN(t)) continue;
      sum += t * softplus(-scale * logits[at]) + (1 - t) * softplus(scale * logits[at]);
      count++;
    }
    if (count === 0) continue;
    total += sum / count;
    counted++;
  }
  return total / counted;
}

/** The mean over the labels with both classes of the area under the ROC curve; a target above 0.5 is a positive. */
export function macroArea(targets: ArrayLike<number>, scores: ArrayLike<number>, labels: number): number {
  let total = 0;
  let counted = 0;
  for (let label = 0; label < labels; label++) {
    const known: { positive: boolean; score: number }[] = [];
    for (let at = label; at < scores.length; at += labels)
      if (!Number.isNaN(targets[at])) known.push({ positive: targets[at] > 0.5, score: scores[at] });
    known.sort((a, b) => a.score - b.score);
    const positives = known.filter(({ positive }) => positive).length;
    if (positives === 0 || positives === known.length) continue;
    let ranks = 0;
    for (let i = 0; i < known.length;) {
      let end = i;
      while (end < known.length && known[end].score === known[i].score) end++;
      for (let k = i; k < end; k++) if (known[k].positive) ranks += (i + 1 + end) / 2;
      i = end;
    }
    total += (ranks - (positives * (positives + 1)) / 2) / (positives * (known.length - positives));
    counted++;
  }
  return total / counted;
}

/** The factor in [0.01, 100] by which logits have the smallest log loss, by golden section. */
export function bestScale(targets: ArrayLike<number>, logits: ArrayLike<number>, labels: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let low = Math.log(0.01);
  let high = Math.log(100);
  const lossAt = (x: number): number => meanLogLoss(targets, logits, labels, Math.exp(x));
  while (high - low > 1e-4) {
    const a = high - ratio * (high - low);
    const b = low + ratio * (high - low);
    if (lossAt(a) <= lossAt(b)) high = b;
    else low = a;
  }
  return Math.exp((low + high) / 2);
}
