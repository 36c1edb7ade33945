import { RandomStream } from '@cxr-align/random';

const labels = ['Edema', 'Fracture', '<script>'];
/** Predictions whose quality is `skill`; the last label has one class only. */
export function madeUpPredictions(skill: number, seed = 1) {
  const truth = new RandomStream({ seed: 9, purpose: 'truth' });
  const noise = new RandomStream({ seed, purpose: 'noise' });
  const count = 120;
  const targets = new Float32Array(count * 3);
  const probabilities = targets.map((_, at) => {
    const label = at % 3;
    targets[at] = label === 2 ? 0 : truth.chance(0.3) ? 1 : 0;
    return 1 / (1 + Math.exp(-(skill * (2 * targets[at] - 1) + noise.normal())));
  });
  targets[1] = NaN;
  return {
    labels,
    targets,
    probabilities: Float64Array.from(probabilities),
    samples: Array.from({ length: count }, (_, i) => ({ id: `s${i}`, patient: `p${i >> 1}`, split: 'test' as const })),
  };
}
