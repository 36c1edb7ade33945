// Evaluates scores that another program made: logits, probabilities or any score that ranks.
import { evaluate } from 'cxr-align';

const labels = ['Edema', 'Pneumonia'];
const count = 200;
const targets = Float32Array.from({ length: 2 * count }, (_, i) => ((i * 7919) % 11 < 4 ? 1 : 0));
const scores = Float64Array.from(targets, (target, i) => 2 * target - 1 + Math.sin(i * 12.9898) * 1.5);
const patients = Array.from({ length: count }, (_, i) => `p${i >> 1}`);

const { evaluation } = await evaluate({ scores, targets, labels, patients, scoresAre: 'logits', resamples: 200 });
for (const [label, { auroc, aurocCi }] of Object.entries(evaluation.labels))
  console.log(label, auroc.toFixed(3), aurocCi.map((value) => value.toFixed(3)).join(' to '));
