// Reports of what a table may hold at its worst: names that are markup, very long, of other scripts; 500 labels; one label and no more.
import { join } from 'node:path';
import { compare, evaluateScores, summarizeSeeds } from '@cxr-align/evaluation';
import { ablationReport, comparisonReport, evaluationReport, searchReport, seedReport } from '@cxr-align/run-report';

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
  const runs = [many, many, many].map(({ evaluation }, i) => ({
    ...{ seed: i + 1, folder: `seed-${i + 1}`, bestEpoch: 3, validation: i === 1 ? null : 0.7 + 0.01 * i },
    evaluation: { ...evaluation, data: names[1] },
  }));
  await seedReport(join(folder, 'seeds'), summarizeSeeds(runs));
  await searchReport(join(folder, 'search'), searchOf(12));
  await searchReport(join(folder, 'search-one'), searchOf(1));
}

/** A search of many keys, whose values are as odd as names, or of one key by one trial. */
function searchOf(keys) {
  const ranges = { learningRate: { from: 1e-5, to: 1e-1 }, weightDecay: { from: 0, to: 0.1 } };
  const lists = Array.from({ length: 10 }, (_, i) => [
    `key.${names[i].slice(0, 40)}`,
    [names[i], names[i + 1], [8, 16]],
  ]);
  const space = Object.fromEntries([...Object.entries(ranges), ...lists].slice(0, keys));
  const trials = Array.from({ length: keys === 1 ? 1 : 24 }, (_, i) => ({
    trial: i + 1,
    settings: Object.fromEntries(
      Object.entries(space).map(([key, one]) => [
        key,
        Array.isArray(one)
          ? one[i % one.length]
          : Number((one.from + ((i + 1) / 24) ** 3 * (one.to - one.from)).toPrecision(4)),
      ]),
    ),
    rungs: Array.from({ length: keys === 1 || i % 3 === 0 ? 2 : 1 }, (_, rung) => ({
      ...{
        epochs: 6 * (rung + 1),
        folder: `trial-${i + 1}`,
        validation: i === 4 ? null : 0.6 + 0.01 * ((i * 7) % 24),
        bestEpoch: 4,
      },
      ...(i === 4 && { error: names[1] }),
    })),
  }));
  const { trial, settings } = trials[0];
  return {
    ...{ data: `data/${names[1]}`, split: 'val', seed: 0, space, halving: { rungs: [6, 12], reduction: 3 }, trials },
    best: { trial, settings, folder: 'trial-1', validation: 0.8, bestEpoch: 4 },
    test: keys === 1 ? null : { folder: 'trial-1/evaluations/x-test', auroc: 0.75, aurocCi: [0.7, 0.8] },
    remarks: keys === 1 ? ['the data have no test split: the score on validation, which chose, is too good'] : [],
  };
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
