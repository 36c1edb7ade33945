import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RandomStream } from '@cxr-align/random';
import { compare, comparisonTable } from '../src/evaluation/comparison.js';
import { makeDraws, rankingDraws } from '../src/evaluation/bootstrap-threads.js';
import { evaluationJsonSchema, evaluationSchema } from '../src/evaluation/evaluation-schema.js';
import { evaluate } from '../src/evaluation/evaluation.js';
import { columnOf, type Predictions } from '../src/evaluation/predictions.js';
import { readPredictions, writePredictions } from '../src/evaluation/predictions-file.js';
import { verdict } from '../src/report/comparison-report.js';

const labels = ['Edema', 'Fracture', '<script>'];
/** Predictions whose quality is `skill`; the last label has one class only. */
function made(skill: number, seed = 1): Predictions {
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
    probabilities,
    samples: Array.from({ length: count }, (_, i) => ({ id: `s${i}`, patient: `p${i >> 1}`, split: 'test' })),
  };
}
const options = { data: 'made up', split: 'test', thresholds: [0.5, NaN, 0.5], draws: 200, hierarchyViolations: NaN };

describe('evaluate(predictions, options)', () => {
  const evaluation = evaluate(made(1), options);
  it('scores each label with an interval around it, and names what is undefined', () => {
    for (const label of ['Edema', 'Fracture']) {
      const { auroc, aurocCi } = evaluation.labels[label];
      expect(auroc).toBeGreaterThan(0.8);
      expect(aurocCi[0]!).toBeLessThan(auroc!);
      expect(aurocCi[1]!).toBeGreaterThan(auroc!);
    }
    expect(evaluation.labels['<script>']).toMatchObject({ positives: 0, auroc: null, aurocCi: [null, null], f1: null });
    expect(evaluation.undefinedLabels).toEqual(['<script>']);
    expect(evaluation.macro.auroc).toBeCloseTo(
      (evaluation.labels.Edema.auroc! + evaluation.labels.Fracture.auroc!) / 2,
      12,
    );
    expect(evaluation).toMatchObject({ samples: 120, patients: 60, hierarchyViolations: null });
  });
  it('has the shape that its schema says', () => {
    expect(evaluationSchema.parse(JSON.parse(JSON.stringify(evaluation)))).toEqual(evaluation);
    const shipped = readFileSync(new URL('../evaluation.schema.json', import.meta.url), 'utf8');
    // Made anew by: cxr-align evaluate --schema > evaluation.schema.json
    expect(JSON.parse(shipped)).toEqual(JSON.parse(JSON.stringify(evaluationJsonSchema())));
  });
  it('audits groups, averages head, medium and tail, and closes decisions under the hierarchy', () => {
    const full = evaluate(made(1), {
      ...options,
      groups: { site: made(1).samples.map((_, i) => (i % 3 === 0 ? 'A' : i % 3 === 1 ? 'B' : null)) },
      ancestors: [[], [0], []],
      prevalence: [0.5, 0.05, 0.001],
    });
    expect(full.fairness[0]).toMatchObject({ attribute: 'site', missing: 40 });
    expect(full.fairness[0].labels.Edema.groups.A.images).toBe(40);
    expect(full.longTail.head).toEqual({
      labels: ['Edema'],
      auroc: full.labels.Edema.auroc,
      averagePrecision: full.labels.Edema.averagePrecision,
    });
    expect(full.longTail.tail).toEqual({ labels: ['<script>'], auroc: null, averagePrecision: null });
    expect(full.hierarchical!.precision).toBeGreaterThan(0.3);
    expect(evaluation.hierarchical).toBeNull();
  });
  it('gives the same intervals from draws that were made elsewhere, part by part', async () => {
    const bootstrapped = await rankingDraws(made(1), options.draws, 1);
    expect(evaluate(made(1), { ...options, bootstrapped })).toEqual(evaluation);
    const columns = [0, 1, 2].map((i) => ({
      targets: columnOf(made(1).targets, 3, i),
      scores: columnOf(made(1).probabilities, 3, i),
    }));
    const patients = made(1).samples.map(({ patient }) => patient);
    const part = makeDraws({ columns, patients, from: 50, draws: 30 });
    expect(part.auroc.macro).toEqual(bootstrapped!.auroc.macro.slice(50, 80));
  });
  it('leaves unknown targets out', () => {
    expect(evaluation.labels.Fracture.positives + evaluation.labels.Fracture.negatives).toBe(119);
  });
  it('gives the same bytes again', () => {
    expect(JSON.stringify(evaluate(made(1), options))).toBe(JSON.stringify(evaluation));
    expect(JSON.stringify(evaluation)).not.toContain('NaN');
  });
});

describe('compare(a, b, draws)', () => {
  const strong = { name: 'strong', predictions: made(2) };
  const weak = { name: 'weak', predictions: made(0.3, 2) };
  it('tells a better model from a worse one, and nothing from two alike', () => {
    const comparison = compare(weak, strong, 300);
    expect(comparison.macro.difference).toBeGreaterThan(0.1);
    expect(comparison.macro.differenceCi[0]).toBeGreaterThan(0);
    expect(comparison.labels[0].p).toBeLessThan(0.05);
    expect(comparison.labels[0].pHolm).toBeGreaterThanOrEqual(comparison.labels[0].p!);
    expect(verdict(comparison)).toMatch(/^strong is better than weak/);
    expect(comparison.labels[0].pBh).toBeLessThanOrEqual(comparison.labels[0].pHolm!);
    expect(comparison.macro.differenceBca[0]).toBeGreaterThan(0);
    expect(comparison.macro.detectable).toBeGreaterThan(0.01);
    expect(verdict(compare(strong, strong, 100))).toMatch(/do not support a difference/);
    expect(verdict(compare(weak, { name: 'other', predictions: made(0.3, 3) }, 300))).toMatch(
      /one of 0\.\d{3} would have been seen four times out of five/,
    );
  });
  it('prints a table with a line a label', () => {
    const table = comparisonTable(compare(weak, strong, 50));
    expect(table).toMatch(/^Edema .*\+0\.\d{3}/m);
    expect(table).toMatch(/^<script> .*–/m);
    expect(table).toMatch(/^macro /m);
  });
  it('refuses other samples, other targets and other labels, and says which', () => {
    const other = made(1);
    expect(() => compare(weak, { name: 'x', predictions: { ...other, labels: ['a', 'b', 'c'] } }, 10)).toThrow(
      'the labels Edema',
    );
    const renamed = {
      ...other,
      samples: other.samples.map((sample, i) => (i === 5 ? { ...sample, id: 'strange' } : sample)),
    };
    expect(() => compare(weak, { name: 'x', predictions: renamed }, 10)).toThrow(
      '1 samples in weak alone and 1 in x alone (such as s5)',
    );
    const flipped = { ...other, targets: other.targets.map((target, at) => (at === 3 ? 1 - target : target)) };
    expect(() => compare(weak, { name: 'x', predictions: flipped }, 10)).toThrow('another target of Edema for s1');
  });
});

describe('predictions.parquet', () => {
  it('comes back as it was written, unknown targets too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'predictions-'));
    const predictions = made(1);
    writePredictions(folder, predictions);
    expect(await readPredictions(folder)).toEqual(predictions);
    await expect(readPredictions('/nowhere')).rejects.toThrow('/nowhere: expected a run');
  });
});
