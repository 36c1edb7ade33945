// What the crash harness stops: commands, how each is started again, and what is there before it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const set = (...assignments) => assignments.flatMap((one) => ['--set', one]);
const small = set('batchSize=8', 'bootstrap=0', 'image.size=16');
const linear = ['--model', 'linear', '--engine', 'cpu', ...small];

/**
 * The scenarios. Each has `args(out)`, and where a second start differs `again(out)`; `given` is a folder with what they read.
 *
 * @param given has data and other (phantoms), and encoder (a run).
 */
export function scenarios(given) {
  const data = join(given, 'data');
  const train = (out, ...more) => [
    'train',
    '--data',
    data,
    '--out',
    join(out, 'run'),
    ...linear,
    '--epochs',
    '2',
    ...more,
  ];
  /** A run that was stopped before its folder was begun is no run to resume. */
  const resume = (out) =>
    existsSync(join(out, 'run', 'config.json')) || existsSync(join(out, 'run', 'checkpoints')) ? ['--resume'] : [];
  return [
    { name: 'train', args: (out) => train(out), again: (out) => train(out, ...resume(out)) },
    {
      name: 'train --overwrite',
      before: (out) => train(out, '--seed', '7'),
      args: (out) => train(out, '--overwrite'),
    },
    {
      name: 'train on',
      before: (out) => train(out, ...set('schedule=constant')),
      args: (out) => [
        'train',
        '--data',
        data,
        '--out',
        join(out, 'run'),
        '--engine',
        'cpu',
        '--resume',
        '--epochs',
        '3',
      ],
    },
    {
      name: 'train --from',
      args: (out) => train(out, '--from', join(given, 'linear')),
      again: (out) => train(out, '--from', join(given, 'linear'), ...resume(out)),
    },
    {
      name: 'extract',
      args: (out) => [
        'extract',
        '--data',
        data,
        '--encoder',
        join(given, 'encoder'),
        '--out',
        join(out, 'store'),
        '--engine',
        'cpu',
      ],
    },
    {
      name: 'ablate',
      args: (out) => [
        ...['ablate', '--data', data, '--out', join(out, 'ablation'), '--grid', join(given, 'grid.json')],
        ...['--seeds', '1', '--engine', 'cpu', '--jobs', '1', '--resamples', '20'],
      ],
    },
    {
      name: 'train --seeds',
      args: (out) => [
        ...['train', '--data', data, '--out', join(out, 'seeds'), ...linear, '--epochs', '1'],
        ...['--seeds', '1,2', '--jobs', '1'],
      ],
    },
    {
      name: 'tune',
      args: (out) => [
        ...['tune', '--data', data, '--out', join(out, 'search'), '--preset', 'linear', '--engine', 'cpu', ...small],
        ...[...set('schedule=constant', 'learningRate=1e-4..1e-2'), '--epochs', '2', '--trials', '2', '--jobs', '1'],
        ...['--halving', '--rungs', '1,2', '--reduction', '2'],
      ],
    },
    { name: 'phantom', args: (out) => ['phantom', '--out', join(out, 'set'), '--images', '4', '--size', '32'] },
    { name: 'data split', args: (out) => ['data', 'split', '--data', data, '--out', join(out, 'set'), '--seed', '1'] },
    {
      name: 'data split --as parquet',
      args: (out) => ['data', 'split', '--data', data, '--out', join(out, 'set'), '--as', 'parquet'],
    },
    {
      name: 'data merge',
      args: (out) => ['data', 'merge', data, join(given, 'other'), '--graph', 'chexpert-14', '--out', join(out, 'set')],
    },
    {
      name: 'data balance',
      args: (out) => [
        'data',
        'balance',
        '--data',
        data,
        '--out',
        join(out, 'set'),
        '--label',
        'Cardiomegaly',
        '--by',
        'sex',
      ],
    },
    {
      name: 'data export',
      args: (out) => ['data', 'export', '--data', data, '--out', join(out, 'labels.csv')],
      again: (out) => ['data', 'export', '--data', data, '--out', join(out, 'labels.csv'), '--force'],
    },
    {
      name: 'evaluate',
      args: (out) => [
        'evaluate',
        '--run',
        join(given, 'encoder'),
        '--data',
        data,
        '--split',
        'val',
        '--out',
        join(out, 'evaluation'),
        '--engine',
        'cpu',
      ],
    },
    {
      name: 'evaluate into the run',
      before: (out) => train(out),
      args: (out) => ['evaluate', '--run', join(out, 'run'), '--data', data, '--engine', 'cpu'],
    },
    {
      name: 'thresholds',
      before: (out) => train(out),
      args: (out) => ['thresholds', '--run', join(out, 'run'), '--label', 'Edema=0.25', '--by', 'chaos'],
      // The date of the change, and the hashes of the files that have it.
      steady: (text) => text.replace(/"date": "[^"]*"|"sha256": ?"[0-9a-f]{64}"/g, ''),
    },
    {
      name: 'predict',
      args: (out) => [
        'predict',
        '--run',
        join(given, 'encoder'),
        join(data, 'images'),
        '--out',
        join(out, 'predictions.csv'),
        '--engine',
        'cpu',
      ],
      // How long each image took is another in every run.
      steady: (text) => withoutColumn(text, 'seconds'),
    },
  ];
}

/** A table without one of its columns; a cell in quotes may have commas. */
function withoutColumn(text, name) {
  const rows = text
    .split('\n')
    .map((row) => [...row.matchAll(/(?:^|,)("(?:[^"]|"")*"|[^,]*)/g)].map(([, cell]) => cell));
  const at = rows[0].indexOf(name);
  return rows.map((row) => row.filter((_, i) => i !== at).join(',')).join('\n');
}

/** Commands that make what the scenarios read. */
export function preparation(given) {
  const data = join(given, 'data');
  return [
    ['phantom', '--out', data, '--images', '60', '--size', '32'],
    ['phantom', '--out', join(given, 'other'), '--images', '12', '--size', '32', '--seed', '3'],
    [
      ...['train', '--data', data, '--out', join(given, 'encoder'), '--model', 'vision-only', '--epochs', '1'],
      ...small,
      ...set('encoder.channels=[4,6]', 'encoder.dim=8', 'decoder.dim=8', 'decoder.heads=2', 'decoder.layers=1'),
    ],
    ['train', '--data', data, '--out', join(given, 'linear'), ...linear, '--epochs', '1'],
  ];
}

/** The grid of the ablation. */
export const grid = {
  baseline: 'plain',
  base: { epochs: 1, batchSize: 16, bootstrap: 0, 'image.size': 16 },
  configurations: { plain: { preset: 'linear' }, other: { preset: 'linear', learningRate: 0.01 } },
};
