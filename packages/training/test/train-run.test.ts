import { existsSync, mkdtempSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine, type Engine } from '@cxr-align/engine';
import * as tf from '@tensorflow/tfjs-core';
import { madeUpData, quick } from '@cxr-align/testkit';
import { type Config, checkConfig } from '../src/config/config.js';
import { loadModel } from '@cxr-align/classifier';
import type { Evaluation } from '@cxr-align/evaluation';
import { type Progress, silentProgress } from '../src/progress.js';
import { type TrainRequest, evaluateRun, trainRun } from './run-helpers.js';

let engine: Engine;
let path: string;
const place = mkdtempSync(join(tmpdir(), 'runs-'));
const configure = (changes: object = {}): Config => checkConfig({ ...quick, ...changes }, 'test');
const train = (name: string, config: Config, more: Partial<TrainRequest> = {}, progress: Progress = silentProgress) =>
  trainRun({ path, out: join(place, name), config, ...more }, engine, progress);
const read = (...parts: string[]): string => readFileSync(join(place, ...parts), 'utf8');

beforeAll(async () => {
  engine = await startEngine('wasm');
  path = await madeUpData();
});

describe('trainRun(request)', () => {
  it('learns: the loss falls, the scores rise, and the run folder is complete', async () => {
    const result = await train('learns', configure({ epochs: 14, learningRate: 0.004 }));
    const history = read('learns', 'history.jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(history).toHaveLength(14);
    expect(history[13].loss).toBeLessThan(history[0].loss * 0.7);
    expect(Object.keys(history[0].losses)).toEqual(['classification', 'contrastive', 'orthogonal', 'graph']);
    expect(result.evaluation.split).toBe('test');
    expect(result.evaluation.macro.auroc).toBeGreaterThan(0.8);
    expect(readdirSync(join(place, 'learns')).sort()).toEqual([
      'checkpoints',
      'config.json',
      'evaluation-details.json',
      'evaluation.json',
      'history.jsonl',
      'identity.json',
      'manifest.json',
      'model',
      'predictions.parquet',
      'validation.parquet',
    ]);
    expect(readdirSync(join(place, 'learns', 'model')).sort()).toEqual([
      'calibration.json',
      'config.json',
      'graph.json',
      'labels.json',
      'manifest.json',
      'model.safetensors',
      'prompts.json',
      'thresholds.json',
      'training-set.json',
    ]);
    expect(JSON.parse(read('learns', 'config.json')).graph.name).toContain('made-up');
  });
  it('evaluates the split that was asked for', async () => {
    const { evaluation } = await train('on val', configure(), { split: 'val' });
    expect(evaluation.split).toBe('val');
    await expect(train('on none', configure(), { split: 'x' })).rejects.toThrow(
      'expected a split of train, val, test, got x; choose one of them',
    );
    expect(existsSync(join(place, 'on none'))).toBe(false);
  });
  it.each([
    ['vision-only', { model: 'vision-only' }],
    ['linear', { model: 'linear' }],
    ['mlp', { model: 'mlp' }],
    ['the dense decoder', { decoder: { ...quick.decoder, kind: 'dense' } }],
    ['the patch encoder', { encoder: { ...quick.encoder, kind: 'patch', patch: 4 } }],
    ['the similarity head', { heads: 'similarity' }],
    ['the classification head with prompts', { heads: 'classification' }],
    ['uncertainty weighting', { weighting: 'uncertainty' }],
    ['learnable weights and the focal loss', { weighting: 'learnable', classificationLoss: 'focal' }],
    [
      'task difficulty and the asymmetric loss',
      { weighting: 'task-difficulty', weightingTemperature: 2, classificationLoss: 'asymmetric' },
    ],
    ['dynamic weights and the robust loss', { weighting: 'dynamic', classificationLoss: 'robust-asymmetric' }],
    ['random weights, distribution-balanced', { weighting: 'random', classificationLoss: 'distribution-balanced' }],
    ['the geometric mean and the max constraint', { weighting: 'geometric', classificationLoss: 'max-constraint' }],
    ['balanced positives and closed labels', { positiveWeight: 'balanced', propagateToAncestors: true }],
    [
      'with calibration, conformal sets and a wanted sensitivity',
      { calibration: 'platt', conformalAlpha: 0.2, threshold: { sensitivity: 0.9 } },
    ],
    ['three classes', { labelPolicy: 'u-multiclass' }],
    [
      'a counted target, the hierarchy policy and coherent predictions',
      {
        graphTarget: 'lin',
        graphCountedShare: 0.5,
        labelPolicy: 'u-hierarchy',
        enforceHierarchy: true,
      },
    ],
    ['the path similarity and report prompts', { graphTarget: 'path', prompts: { set: 'report' } }],
    ['a drawn prompt a step', { prompts: { set: 'grid', count: 4, sampling: true } }],
    ['soft prompts that labels share', { prompts: { context: 2 } }],
    [
      'soft prompts of each label, dense, without a transformer over the labels',
      {
        prompts: { context: 2, contextPerLabel: true },
        promptLayers: 0,
        decoder: { ...quick.decoder, kind: 'dense' },
      },
    ],
    ['a mixture of prompts', { prompts: { mixture: ['basic', 'question', 'descriptors'] }, heads: 'similarity' }],
    ['a label that is held out', { holdOut: ['A/C'] }],
  ])('trains %s, and evaluating the stored run gives the same scores', async (name, changes) => {
    const before = tf.memory().numTensors;
    const { evaluation } = await train(name, configure(changes));
    expect(evaluation.macro.auroc).not.toBeNull();
    const { evaluation: again } = await evaluateRun(
      { run: join(place, name), path, out: join(place, `${name} again`) },
      silentProgress,
    );
    expect(again).toEqual(evaluation);
    expect(tf.memory().numTensors).toBe(before);
  });
  it('gives the same evaluation.json byte for byte for the same seed, and another one for another seed', async () => {
    await train('seed a', configure());
    await train('seed b', configure());
    await train('seed c', configure({ seed: 1 }));
    expect(read('seed b', 'evaluation.json')).toBe(read('seed a', 'evaluation.json'));
    expect(read('seed c', 'evaluation.json')).not.toBe(read('seed a', 'evaluation.json'));
  });
  it('looks at the gradients of the losses without changing the run', async () => {
    await train('unwatched', configure());
    await train('watched', configure({ logGradientCosines: 4 }));
    for (const file of ['history.jsonl', 'model/model.safetensors']) {
      expect(readFileSync(join(place, 'watched', file)).equals(readFileSync(join(place, 'unwatched', file)))).toBe(
        true,
      );
    }
    // The configuration is part of the model that an evaluation names.
    const [watched, unwatched] = ['watched', 'unwatched'].map((name) => JSON.parse(read(name, 'evaluation.json')));
    const { identity } = watched;
    expect(watched).toEqual({ ...unwatched, identity: { ...unwatched.identity, model: identity.model } });
    expect(existsSync(join(place, 'unwatched', 'gradients.jsonl'))).toBe(false);
    const records = read('watched', 'gradients.jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records.map(({ step }) => step)).toEqual([4, 8, 12]);
    expect(records[0].tasks).toEqual(['classification', 'contrastive', 'orthogonal', 'graph']);
    records[0].cosines.forEach((row: number[], i: number) => expect(row[i]).toBeCloseTo(1, 5));
    expect(Math.abs(records[0].cosines[0][1])).toBeLessThan(1);
  });
  it.each([
    ['uncertainty', {}],
    ['gradnorm', { logGradientCosines: 3 }],
    ['pcgrad', {}],
    ['dynamic', {}],
    ['random', {}],
    [
      'fixed',
      {
        alignEpochs: 1,
        freeze: { parts: ['encoder'], from: 1, epochs: 1 },
        learningRates: { heads: 2 },
        accumulation: 2,
        batchSize: 8,
        prompts: { sampling: true, set: 'report', context: 1 },
      },
    ],
  ])('goes on from a checkpoint bit for bit, weighting %s', async (weighting, more) => {
    const config = configure({ weighting, ...more });
    const [straight, stopped] = [`${weighting} straight`, `${weighting} stopped`];
    await train(straight, config);
    const stop = new AbortController();
    const stopping: Progress = {
      remark: () => {},
      start: (name) => ({
        stop: () => {},
        update: (done) => {
          // In the middle of the second epoch.
          if (name === 'training' && done === 6) stop.abort(new Error('stopped'));
        },
      }),
    };
    await expect(train(stopped, config, { signal: stop.signal }, stopping)).rejects.toThrow('stopped');
    expect(existsSync(join(place, stopped, 'evaluation.json'))).toBe(false);
    await train(stopped, config, { resume: true });
    const files = ['config.json', 'evaluation.json', 'history.jsonl', 'model/model.safetensors'];
    if (config.logGradientCosines > 0) files.push('gradients.jsonl');
    for (const file of files) {
      expect(readFileSync(join(place, stopped, file)).equals(readFileSync(join(place, straight, file)))).toBe(true);
    }
  });
  it('leaves what is frozen as it was, and for so long alone', async () => {
    const weights = (name: string): Map<string, number[]> => {
      const { stored, dispose } = loadModel(join(place, name));
      dispose();
      return new Map([...stored.weights].map(([key, { data }]) => [key, Array.from(data)]));
    };
    const gamma = 'encoder/0.0/norm/gamma';
    await train('frozen', configure({ freeze: { parts: ['encoder'] } }));
    await train('rate 0', configure({ learningRates: { encoder: 0 } }));
    await train('thawed', configure({ freeze: { parts: ['encoder'], epochs: 2 }, weightAveraging: 0 }));
    const start = new Set(weights('frozen').get(gamma));
    expect(start).toEqual(new Set([1]));
    expect(new Set(weights('rate 0').get(gamma))).toEqual(new Set([1]));
    expect(
      weights('thawed')
        .get(gamma)!
        .some((value) => value !== 1),
    ).toBe(true);
    expect(
      weights('frozen')
        .get('head/bias')!
        .some((value) => value !== 0),
    ).toBe(true);
    const all = ['encoder', 'decoder', 'prompts', 'heads'];
    expect(() => configure({ freeze: { parts: all } })).toThrow('freeze');
    expect(() => configure({ model: 'linear', freeze: { parts: ['heads'] } })).toThrow('freeze');
    const none = Object.fromEntries(all.map((part) => [part, 0]));
    expect(() => configure({ learningRates: none })).toThrow('got all that the model has');
    const frozen = { encoder: { kind: 'frozen' }, model: 'vision-only' };
    expect(() => configure({ ...frozen, freeze: { parts: ['decoder', 'heads'] } })).toThrow('freeze');
  });
  it('aligns first, then classifies', async () => {
    await train('phases', configure({ alignEpochs: 2 }));
    const records = read('phases', 'history.jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records.map(({ weights }) => weights.classification)).toEqual([0, 0, 1]);
    const { loss, losses } = records[0];
    expect(Math.abs(losses.contrastive + 0.1 * (losses.orthogonal + losses.graph) - loss)).toBeLessThan(1e-4);
    expect(() => configure({ alignEpochs: 2, weighting: 'uncertainty' })).toThrow('alignEpochs');
  });
  it('averages the gradients of several batches as one batch would have them', async () => {
    const linear = {
      model: 'linear',
      epochs: 2,
      weightAveraging: 0,
      augmentation: { rotation: 0, translation: 0, scale: 0, brightness: 0, contrast: 0 },
    };
    await train('one batch', configure({ ...linear, batchSize: 16 }));
    await train('two batches', configure({ ...linear, batchSize: 8, accumulation: 2 }));
    const [one, two] = ['one batch', 'two batches'].map((name) => {
      const { stored, dispose } = loadModel(join(place, name));
      dispose();
      return stored.weights.get('pixels/0/weight')!.data;
    });
    one.forEach((value, i) => expect(Math.abs(value - two[i])).toBeLessThan(1e-5));
    expect(() => configure({ accumulation: 2, weighting: 'pcgrad' })).toThrow('accumulation');
  });
  it('ends where validation has not become better for a while', async () => {
    const { bestEpoch } = await train('patient', configure({ epochs: 40, patience: 2, learningRate: 0.01 }));
    const epochs = read('patient', 'history.jsonl').trim().split('\n').length;
    expect(epochs).toBeLessThan(40);
    expect(epochs).toBe(bestEpoch + 2);
  });
  it('refuses to go on with another configuration', async () => {
    await train('other', configure());
    await expect(train('other', configure({ seed: 5 }), { resume: true })).rejects.toThrow('got seed 5 instead of 0');
  });
  it('limits the training set by patient', async () => {
    await train('few', configure(), { trainCount: 20 });
    const { images } = JSON.parse(read('few', 'config.json')).data;
    expect(images.train).toBeGreaterThanOrEqual(20);
    expect(images.train).toBeLessThan(26);
    expect(images.test).toBe(16);
  });
  it('drops the losses that one label cannot have, and says so', async () => {
    const lines: string[] = [];
    const one = await madeUpData(48);
    writeFileSync(join(one, 'labels.json'), '["A"]');
    await trainRun({ path: one, out: join(place, 'one'), config: configure() }, engine, {
      ...silentProgress,
      remark: (line) => lines.push(line),
    });
    expect(lines.join('\n')).toContain('the orthogonal loss is left out: it needs two labels');
    expect(lines.join('\n')).toContain('the graph loss is left out: it needs three labels');
  });
  it('skips and counts unreadable images up to the limit', async () => {
    const broken = await madeUpData(96);
    writeFileSync(join(broken, 'images', '0.png'), 'no image');
    await expect(
      trainRun({ path: broken, out: join(place, 'broken'), config: configure() }, engine, silentProgress),
    ).rejects.toThrow('0.png: expected an image');
    const { evaluation } = await trainRun(
      { path: broken, out: join(place, 'broken'), config: configure(), maxBad: 0.05 },
      engine,
      silentProgress,
    );
    expect(evaluation.samples).toBe(16);
    expect(JSON.parse(read('broken', 'config.json')).data.unreadableImages).toBe(1);
  });
  it('refuses a patient in two splits unless told otherwise', async () => {
    const mixed = await madeUpData(48);
    const table = readFileSync(join(mixed, 'labels.csv'), 'utf8').replace(/p(\d+)-\w+/g, 'p$1');
    writeFileSync(join(mixed, 'labels.csv'), table);
    const request = { path: mixed, out: join(place, 'mixed'), config: configure() };
    await expect(trainRun(request, engine, silentProgress)).rejects.toThrow(
      '8 patients are in more than one split (p0 is in train and val and test)',
    );
    await trainRun({ ...request, allowPatientOverlap: true }, engine, silentProgress);
  });
});

describe('loadModel(run)', () => {
  it('refuses damaged weights', async () => {
    await train('damaged', configure({ model: 'linear' }));
    const file = join(place, 'damaged', 'model', 'model.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(file, bytes);
    expect(() => loadModel(join(place, 'damaged'))).toThrow('resume the training');
    expect(() => loadModel(place)).toThrow('expected a trained run');
  });
});

/** The scores of a label that do not depend on the decisions of other labels. */
function scoresAlone(scores: Evaluation['labels'][string]): object {
  const ofDecisions =
    /^(true|false)(Positives|Negatives)$|^(sensitivity|specificity|precision|negativePredictiveValue|f1)$/;
  return Object.fromEntries(Object.entries(scores).filter(([key]) => !ofDecisions.test(key)));
}

describe('labels', () => {
  const withHead = (name: string, header: string, keep: (cells: string[]) => string[], uncertain = false): string => {
    const folder = mkdtempSync(join(tmpdir(), 'other-'));
    const [first, ...rows] = readFileSync(join(path, 'labels.csv'), 'utf8').trim().split('\n');
    expect(first).toBe('image,patientId,split,A,A/B,A/C,D');
    const changed = rows.map((row, i) => {
      const cells = keep(row.split(','));
      if (uncertain && i % 3 === 2) cells[cells.length - 1] = '-1';
      return cells.join(',');
    });
    writeFileSync(join(folder, name), [header, ...changed].join('\n'));
    symlinkSync(join(path, 'images'), join(folder, 'images'));
    return folder;
  };
  it('evaluates on a set with other labels: by synonym, by implication, and says what cannot be told', async () => {
    await train('mapped', configure({ model: 'vision-only', graphTarget: 'wu-palmer' }));
    const other = withHead(
      'labels.csv',
      'image,patientId,split,Bright,Left Half,Ear,Strip',
      ([image, patient, split, a, b, , d]) => [image, patient, split, d, a, '0', b],
    );
    // The set's own graph: it has a synonym for each, and something narrower than A that the run does not know.
    const graph = join(other, 'graph.yaml');
    writeFileSync(
      graph,
      'labels: [{ name: Bright, synonyms: [D] }, { name: Left Half, synonyms: [A] }, Ear, { name: Strip, parents: [Left Half] }]',
    );
    const request = { run: join(place, 'mapped'), path: other, out: join(place, 'mapped elsewhere'), graph };
    const { evaluation } = await evaluateRun(request, silentProgress);
    const own = JSON.parse(read('mapped', 'evaluation.json')) as Evaluation;
    expect(Object.keys(evaluation.labels)).toEqual(['Bright', 'Left Half']);
    expect(evaluation.labels.Bright).toEqual(own.labels.D);
    // In the run's own labels A is positive wherever a label below it is; the set has none below.
    expect(Object.keys(own.decisions!.changed)).toEqual(['A']);
    expect(scoresAlone(evaluation.labels['Left Half'])).toEqual(scoresAlone(own.labels.A));
    expect(evaluation.mapping).toMatchObject({ unmapped: ['Ear', 'Strip'], unused: ['A/B', 'A/C'] });
    expect(evaluation.mapping!.labels.Strip.from).toEqual([{ label: 'A', relation: 'broader' }]);

    // A label that the run has only a narrower one for is told by that.
    writeFileSync(graph, 'labels: [Bright, Left Half, Ear, { name: Strip, synonyms: [A/B], parents: [Left Half] }]');
    const { evaluation: implied } = await evaluateRun(request, silentProgress);
    expect(Object.keys(implied.labels)).toEqual(['Left Half', 'Strip']);
    expect(implied.mapping!.labels['Left Half'].from).toEqual([{ label: 'A/B', relation: 'narrower' }]);
    expect(implied.labels['Left Half'].threshold).toBe(own.labels['A/B'].threshold);
    expect(implied.labels.Strip).toEqual(own.labels['A/B']);
    writeFileSync(graph, 'labels: [Bright, Left Half, Ear, Strip]');
    await expect(evaluateRun(request, silentProgress)).rejects.toThrow(
      'expected labels that the model predicts (A, A/B, A/C, D)',
    );
  });
  it('scores the same labels in another order of columns alike', async () => {
    const header = (labels: string): string => `image,patientId,split,sex,age,${labels}`;
    const person = (image: string): string[] => {
      const number = parseInt(image);
      return [number % 3 === 0 ? 'F' : 'M', String(20 + ((7 * number) % 60))];
    };
    const straight = withHead('labels.csv', header('A,A/B,A/C,D'), ([image, patient, split, ...cells]) => [
      ...[image, patient, split, ...person(image)],
      ...cells,
    ]);
    const turned = withHead('labels.csv', header('D,A/C,A,A/B'), ([image, patient, split, a, b, c, d]) => [
      ...[image, patient, split, ...person(image)],
      ...[d, c, a, b],
    ]);
    const { evaluation: own } = await train('straight', configure({ conformalAlpha: 0.2 }), { path: straight });
    const { evaluation: other } = await evaluateRun(
      { run: join(place, 'straight'), path: turned, out: join(place, 'turned') },
      silentProgress,
    );
    expect(Object.keys(other.labels)).toEqual(['D', 'A/C', 'A', 'A/B']);
    expect(other.labels).toEqual(own.labels);
    expect(own.metadataBaseline!.features).toEqual(['age', 'sex']);
    expect(other.metadataBaseline!.auroc).toBeCloseTo(own.metadataBaseline!.auroc!, 12);
    for (const group of ['head', 'medium', 'tail'] as const)
      expect([...other.longTail[group].labels].sort()).toEqual([...own.longTail[group].labels].sort());
    expect(other.mapping).toBeUndefined();
    expect(own.labels.A.conformal).not.toBeNull();
    const { evaluation: studies } = await evaluateRun(
      { run: join(place, 'straight'), path: straight, out: join(place, 'studies'), views: 'mean' },
      silentProgress,
    );
    expect(studies.labels.A.conformal).toBeNull();
  });
  it('takes weights and prompts from a graph file: a heavier label changes the run', async () => {
    const graph = join(place, 'weights.yaml');
    const text = (weight: number): string =>
      `labels: [{ name: A }, { name: A/B, parents: [A] }, { name: A/C, parents: [A] }, { name: D, weight: ${weight}, prompts: { positive: [right side bright] } }]`;
    writeFileSync(graph, text(1));
    await train('weight 1', configure({ graph }));
    writeFileSync(graph, text(20));
    await train('weight 20', configure({ graph }));
    expect(JSON.parse(read('weight 20', 'model/prompts.json'))[3].positive).toEqual(['right side bright']);
    const loss = (name: string): number => JSON.parse(read(name, 'history.jsonl').split('\n')[0]).losses.classification;
    expect(loss('weight 20')).toBeGreaterThan(2 * loss('weight 1'));
  });
  it('trains itself: uncertain labels take the probabilities of an earlier run', async () => {
    const uncertain = withHead('labels.csv', 'image,patientId,split,A,A/B,A/C,D', (cells) => cells, true);
    await train('teacher', configure({ model: 'vision-only' }), { path: uncertain });
    const said: string[] = [];
    const progress = { ...silentProgress, remark: (line: string) => void said.push(line) };
    const config = configure({ labelPolicy: 'u-self-trained', teacher: join(place, 'teacher') });
    const { evaluation } = await train('pupil', config, { path: uncertain }, progress);
    expect(said.join('\n')).toContain('32 soft targets');
    expect(evaluation.labels.D.positives + evaluation.labels.D.negatives).toBeLessThan(evaluation.samples);
    const other = withHead('labels.csv', 'image,patientId,split,A,A/B,A/C,Z', (cells) => cells, true);
    await expect(train('stranger', config, { path: other })).rejects.toThrow('got none for Z in');
  });
});
