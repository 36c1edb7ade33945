import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeNpy } from '@cxr-align/files';
import { readLabelNames } from '@cxr-align/classifier';
import { planAblation } from '@cxr-align/experiments';
import { makeConfig, readPredictions, writePredictions } from '@cxr-align/training';
import { evaluateScores } from '@cxr-align/evaluation';
import { readScoreFiles } from '@cxr-align/evaluation/score-files';
import type { Parser } from '../judge.js';
import { json, utf8 } from './text.js';

const config = `preset: aligned
epochs: 3
image.size: 32
losses: { graph: 0.5, orthogonal: 0 }
labelPolicy: zeros
`;
const grid = `baseline: plain
base: { epochs: 1 }
configurations:
  plain: {}
  linear: { model: linear }
trainCounts: [null, 20]
`;

/** Six samples of two labels. */
function scoreFolder(folder: string): void {
  const write = (name: string, bytes: Uint8Array | string): void => writeFileSync(join(folder, name), bytes);
  write('scores.npy', writeNpy({ shape: [6, 2], data: Float32Array.from({ length: 12 }, (_, i) => i / 12) }));
  write('targets.npy', writeNpy({ shape: [6, 2], data: Int8Array.of(1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, -1) }));
  write('patients.npy', writeNpy({ shape: [6], data: Int32Array.of(1, 1, 2, 3, 4, 5) }));
  write('labels.json', '["Edema","Mass"]');
  write('groups.csv', 'sex,age\nF,50\nM,60\nF,\nM,1\nF,2\nM,3\n');
  write('thresholds.json', '{"Edema":0.5}');
}

function scoreFile(name: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'scores-'));
  scoreFolder(folder);
  return new Uint8Array(readFileSync(join(folder, name)));
}

const scores = (name: string, grammar: Parser['grammar'], isLong = false): Parser => ({
  isLong,
  name: `scores-${name.replace(/\..*$/, '')}`,
  grammar,
  file: name,
  seeds: async () => [scoreFile(name)],
  prepare: scoreFolder,
  parse: async (file) => {
    const of = (other: string): string => join(dirname(file), other);
    const table = await readScoreFiles({
      scores: of('scores.npy'),
      targets: of('targets.npy'),
      labels: of('labels.json'),
      patients: of('patients.npy'),
      groups: of('groups.csv'),
      thresholds: of('thresholds.json'),
    });
    evaluateScores({ ...table, resamples: 2 });
  },
  isFolder: true,
});

function predictionsFile(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'predictions-'));
  writePredictions(folder, {
    labels: ['Edema', 'Mass'],
    samples: ['a', 'b', 'c'].map((id) => ({ id, patient: `p${id}`, split: 'test' })),
    targets: Float32Array.of(1, 0, NaN, 1, 0, 0),
    probabilities: Float64Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
  });
  return new Uint8Array(readFileSync(join(folder, 'predictions.parquet')));
}

/** Settings, scores and runs. */
export const runParsers: readonly Parser[] = [
  {
    name: 'config',
    grammar: 'yaml',
    file: 'config.yaml',
    seeds: async () => [utf8(config), json({ epochs: 2, seed: 7 })],
    parse: async (file) => makeConfig({ file }),
  },
  {
    name: 'ablation-grid',
    isLong: true,
    grammar: 'yaml',
    file: 'grid.yaml',
    seeds: async () => [utf8(grid)],
    parse: async (file) => planAblation({ file, seeds: 2 }),
  },
  {
    name: 'label-names',
    grammar: 'json',
    file: 'labels.json',
    seeds: async () => [json(['Edema', 'Mass']), json({ labels: ['Edema'] })],
    parse: async (file) => readLabelNames(file),
  },
  scores('scores.npy', 'binary'),
  scores('targets.npy', 'binary', true),
  scores('patients.npy', 'binary'),
  scores('labels.json', 'json'),
  scores('groups.csv', 'csv'),
  scores('thresholds.json', 'json'),
  {
    name: 'predictions',
    grammar: 'binary',
    file: 'predictions.parquet',
    seeds: async () => [predictionsFile()],
    parse: (file) => readPredictions(dirname(file)),
    isFolder: true,
  },
];
