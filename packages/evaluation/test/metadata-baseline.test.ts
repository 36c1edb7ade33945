import { RandomStream } from '@cxr-align/random';
import { auroc } from '@cxr-align/metrics';
import { compareWithMetadata, fitMetadataBaseline, metadataScores } from '../src/metadata-baseline.js';

const random = new RandomStream({ seed: 2, purpose: 'metadata' });
/** Images of people whose label depends on their age. */
const samples = Array.from({ length: 400 }, (_, i) => ({
  id: `s${i}`,
  patient: `p${i}`,
  split: 'test' as const,
  age: 20 + 60 * random.uniform(),
  ...(random.chance(0.5) && { sex: 'F' as const }),
  view: random.chance(0.5) ? 'AP' : 'PA',
}));
const targets = Float32Array.from(
  samples.flatMap(({ age }) => [random.chance(1 / (1 + Math.exp((50 - age) / 5))) ? 1 : 0, 0]),
);
const baseline = fitMetadataBaseline(samples, targets, 2)!;

describe('the metadata baseline', () => {
  it('learns what age tells, and nothing of a label with one class', () => {
    expect(baseline.features).toEqual(['age', 'sex', 'view']);
    expect(baseline.coefficients[1]).toBeNull();
    const scores = metadataScores(baseline, samples);
    const first = samples.map((_, i) => scores[2 * i]);
    expect(
      auroc(
        samples.map((_, i) => targets[2 * i]),
        first,
      ),
    ).toBeGreaterThan(0.85);
    expect(scores[1]).toBeNaN();
  });
  it('is the same again from its JSON, and gives a missing age the mean', () => {
    const again = JSON.parse(JSON.stringify(baseline));
    expect(metadataScores(again, samples)).toEqual(metadataScores(baseline, samples));
    expect(Number.isFinite(metadataScores(baseline, [{}])[0])).toBe(true);
  });
  it('is outperformed by a model that sees, not by one that guesses', () => {
    const predictions = (skill: number) => ({
      labels: ['a', 'b'],
      samples,
      targets,
      probabilities: Float64Array.from(
        targets,
        (target) => 1 / (1 + Math.exp(-(skill * (2 * target - 1) + random.normal()))),
      ),
    });
    expect(compareWithMetadata(predictions(4), baseline, samples, 200).outperformsBaseline).toBe(true);
    const guess = compareWithMetadata(predictions(0), baseline, samples, 200);
    expect(guess.outperformsBaseline).toBe(false);
    expect(guess.difference).toBeLessThan(-0.2);
  });
  it('is nothing where nothing is known', () => {
    expect(fitMetadataBaseline([{}, {}], [1, 0], 1)).toBeNull();
  });
});
