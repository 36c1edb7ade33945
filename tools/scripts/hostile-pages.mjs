// Reports of what a table may hold at its worst: names that are markup, very long, of other scripts; 500 labels; one label and no more.
import { join } from 'node:path';
import { compare, evaluateScores } from '@cxr-align/evaluation';
import { ablationReport, comparisonReport, evaluationReport } from '@cxr-align/run-report';

const names = [
  '<img src=x onerror="globalThis.hacked = 1">',
  '</script><script>globalThis.hacked = 1</script>',
  '"><svg onload=alert(1)>',
  'javascript:alert(1)',
  'var(--ink)',
  '__proto__',
  'التهاب رئوي',
  'ריאות \u202e reversed',
  '胸水と肺炎',
  '👨‍👩‍👧‍👦'.repeat(12),
  'Pneumonia/Bacterial/Streptococcus pneumoniae with effusion and empyema of the right lower lobe, organised',
  'W'.repeat(300),
];

/** @returns pages as they were written. */
export async function writeHostilePages(folder) {
  const labels = Array.from({ length: 500 }, (_, i) => names[i] ?? `Label ${i}`);
  const many = made(labels, 300, { [names[0]]: groupsOf(300, ['<b>F</b>', 'M'.repeat(80)]) });
  const thresholds = `Of ${names[1]}.`;
  const one = made(['Pneumonia'], 12, undefined);
  const page = (name, { evaluation, predictions }) => ({ name, evaluation, predictions, thresholds });
  await evaluationReport(join(folder, 'many'), page(names[0], many));
  await evaluationReport(join(folder, 'one'), page('scores.npy', one));
  const models = [names[0], names[11]].map((name) => ({
    name,
    predictions: many.predictions,
    evaluation: many.evaluation,
  }));
  const compared = compare(models[0].predictions, models[1].predictions, {
    names: models.map(({ name }) => name),
    resamples: 10,
  });
  await comparisonReport(join(folder, 'compared'), [compared], models);
  await ablationReport(join(folder, 'ablation'), ablationOf(names));
}

function made(labels, samples, groups) {
  const wave = (at) => Math.abs(Math.sin(12.9898 * (at + 1)) * 43758.5453) % 1;
  const targets = Array.from({ length: samples * labels.length }, (_, at) => Number(wave(at) < 0.3));
  const scores = targets.map((target, at) => (0.4 * target + 0.6 * wave(at + 0.5)) % 1);
  return evaluateScores({ labels, scores, targets, groups, resamples: labels.length > 1 ? 20 : 0, name: names[0] });
}

function groupsOf(samples, of) {
  return Array.from({ length: samples }, (_, i) => of[i % of.length]);
}

function ablationOf(configurations) {
  const row = (configuration, i) => ({
    configuration,
    trainCount: i === 3 ? 32 : null,
    bySeed: [0.8, null],
    auroc: 0.8,
    aurocCi: [0.7, 0.9],
    difference: i === 0 ? null : 0.1 - 0.02 * i,
    differenceBySeed: [],
    differenceCi: i === 0 ? [null, null] : [-0.1, 0.2],
    p: 0.0001,
    pHolm: 0.0001,
    detectable: 0.1,
    verdict: i === 0 ? 'baseline' : i === 1 ? 'better' : 'no difference supported',
  });
  return {
    data: `data/${names[1]}`,
    split: 'val',
    labels: Object.fromEntries(names.map((name) => [name, { positives: 5, negatives: 5, reliability: 'too few' }])),
    undefinedLabels: names.slice(0, 2),
    baseline: names[0],
    seeds: [0, 1],
    samples: 10,
    patients: 10,
    rows: configurations.map(row),
    remarks: configurations,
    method: 'macro AUROC',
  };
}
