import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine, type Engine } from '@cxr-align/engine';
import { writeNpy } from '@cxr-align/files';
import { LabelGraph } from '@cxr-align/label-graph';
import {
  averagePoolModel,
  describeWithPackages,
  expectClose,
  tokenNumberModel,
  wordTokenizer,
} from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { madeUpData, quick } from '@cxr-align/testkit';
import { type Config, checkConfig } from '../src/config/config.js';
import {
  ModelTexts,
  DualEncoderExplainer,
  RunExplainer,
  explain,
  explainedProbabilities,
  loadModel,
  openImageReader,
  openVocabulary,
} from '@cxr-align/classifier';
import { graphFor } from '../src/labels/label-graph-choice.js';
import { openDataset } from '../src/inputs/prepare-data.js';
import { silentProgress } from '../src/progress.js';
import { holdOut } from '../src/labels/hold-out.js';
import { placeInGraph, scoreZeroShot } from '@cxr-align/evaluation';
import { dualEncoderEvaluation, evaluateRun, trainRun } from './run-helpers.js';

let engine: Engine;
let path: string;
const place = mkdtempSync(join(tmpdir(), 'zero-shot-'));
const configure = (changes: object = {}): Config => checkConfig({ ...quick, ...changes }, 'test');
const train = (name: string, config: Config) =>
  trainRun({ path, out: join(place, name), config }, engine, silentProgress);

beforeAll(async () => {
  engine = await startEngine('wasm');
  path = await madeUpData();
});

describe('holdOut(dataset, graph, names)', () => {
  it('takes a label out of annotations and graph, and keeps its place for later', async () => {
    const { dataset } = await openDataset(path);
    const graph = graphFor('auto', dataset);
    const held = holdOut(dataset, graph, ['A/B']);
    expect(held.dataset.annotations.labels).toEqual(['A', 'A/C', 'D']);
    expect(held.graph.labels).toEqual(['A', 'A/C', 'D']);
    expect(held.zeroShot!.labels).toEqual(['A', 'A/C', 'D', 'A/B']);
    expect(held.zeroShot!.parents('A/B')).toEqual(['A']);
    expect([...held.dataset.annotations.values.subarray(0, 3)]).toEqual(
      [0, 2, 3].map((column) => dataset.annotations.values[column]),
    );
    expect(held.dataset.annotations.values).toHaveLength(dataset.samples.length * 3);
  });
  it('says which labels there are', async () => {
    const { dataset } = await openDataset(path);
    const graph = graphFor('auto', dataset);
    expect(() => holdOut(dataset, graph, ['X'])).toThrow(
      'expected labels of the data to hold out (A, A/B, A/C, D), got X',
    );
    expect(() => holdOut(dataset, graph, ['A', 'A/B', 'A/C', 'D'])).toThrow('got all of them held out');
  });
});

describe('a run with a label held out', () => {
  const run = join(place, 'held');
  beforeAll(async () => {
    await train('held', configure({ holdOut: ['A/B'], prompts: { set: 'descriptors' } }));
  });
  it('never sees its cells: other ones give the same weights', async () => {
    const other = await madeUpData();
    const table = join(other, 'labels.csv');
    const lines = readFileSync(table, 'utf8').trim().split('\n');
    const turned = lines.map((line, row) => {
      const cells = line.split(',');
      return row === 0 ? line : [...cells.slice(0, 4), 1 - Number(cells[4]), ...cells.slice(5)].join(',');
    });
    writeFileSync(table, `${turned.join('\n')}\n`);
    const config = configure({ holdOut: ['A/B'], prompts: { set: 'descriptors' } });
    await trainRun({ path: other, out: join(place, 'turned'), config }, engine, silentProgress);
    const weights = (name: string): Buffer => readFileSync(join(place, name, 'model', 'model.safetensors'));
    expect(weights('turned').equals(weights('held'))).toBe(true);
  });
  it('scores it by its prompts, against its parent and chance', async () => {
    const evaluation = JSON.parse(readFileSync(join(run, 'evaluation.json'), 'utf8'));
    expect(Object.keys(evaluation.labels)).toEqual(['A', 'A/B', 'A/C', 'D']);
    const { 'A/B': score } = evaluation.zeroShot;
    expect(score.parent).toBe('A');
    expect(score.auroc).toBe(evaluation.labels['A/B'].auroc);
    expectClose([score.difference], [score.auroc - score.parentAuroc], 1e-9);
    expect(score.differenceCi[0]).toBeLessThanOrEqual(score.differenceCi[1]);
    expect(existsSync(join(run, 'model', 'zero-shot.json'))).toBe(true);
  });
  it('scores trained labels the same with and without zero-shot labels', async () => {
    const { model, stored, zeroShot, dispose } = loadModel(run);
    const reader = await openImageReader(stored);
    const images = (await reader.read(join(path, 'images', '3.png'))).batch([0]);
    expect(zeroShot!.graph.labels).toEqual(['A', 'A/C', 'D', 'A/B']);
    const texts = new ModelTexts(stored.texts!, 3);
    const maps = tf.tidy(() => ({ ...model.maps!.encode(images) }));
    const three = tf.tidy(() => model.zeroShot!.scorePrompts(maps, texts));
    const four = tf.tidy(() => model.zeroShot!.scorePrompts(maps, zeroShot!.texts));
    expect([three.shape, four.shape]).toEqual([
      [1, 3],
      [1, 4],
    ]);
    tf.dispose([{ ...images }, { ...maps }, three, four]);
    texts.dispose();
    dispose();
    expect(stored.thresholds).toHaveLength(3);
  });
  it('explains each label by its observations, whose shares sum to the score', async () => {
    const loaded = loadModel(run);
    const explainer = new RunExplainer(loaded);
    const images = (await (await openImageReader(loaded.stored)).read(join(path, 'images', '3.png'))).batch([0]);
    const told = await explainer.explain(images);
    expect(told).toHaveLength(4);
    for (const { score, probability, observations } of told) {
      expectClose([observations.reduce((sum, { contribution }) => sum + contribution, 0)], [score], 1e-9);
      expectClose([Math.exp(score)], [probability], 1e-9);
    }
    tf.dispose({ ...images });
    explainer.dispose();
    loaded.dispose();
  });
});

describe('openVocabulary(stored, graph)', () => {
  it('asks a run for labels that the data has and it has not', async () => {
    const few = await madeUpData();
    const table = join(few, 'labels.csv');
    const lines = readFileSync(table, 'utf8').trim().split('\n');
    writeFileSync(
      table,
      lines
        .map((line) =>
          line
            .split(',')
            .filter((_, i) => i !== 4)
            .join(','),
        )
        .join('\n'),
    );
    await trainRun({ path: few, out: join(place, 'few'), config: configure() }, engine, silentProgress);
    const request = { run: join(place, 'few'), path, out: join(place, 'few again') };
    const { evaluation: without } = await evaluateRun(request, silentProgress);
    expect([Object.keys(without.labels), without.zeroShot]).toEqual([['A', 'A/C', 'D'], undefined]);
    const before = tf.memory().numTensors;
    const { labels, zeroShot } = (await evaluateRun({ ...request, zeroShot: true }, silentProgress)).evaluation;
    expect(Object.keys(labels)).toEqual(['A', 'A/B', 'A/C', 'D']);
    expect(zeroShot!['A/B'].parent).toBe('A');
    for (const label of ['A', 'A/C', 'D']) expect(labels[label]).toEqual(without.labels[label]);
    expect(tf.memory().numTensors).toBe(before);
  });
  it('refuses a run that knows labels by their place alone', async () => {
    await train('dense', configure({ decoder: { ...quick.decoder, kind: 'dense' } }));
    const { stored, dispose } = loadModel(join(place, 'dense'));
    dispose();
    const other = new LabelGraph({ name: 'x', labels: [{ name: 'A' }, { name: 'Z' }] });
    await expect(openVocabulary(stored, other)).rejects.toThrow('expected a run whose decoder is queried by prompts');
    expect(() => configure({ holdOut: ['A'], decoder: { ...quick.decoder, kind: 'dense' } })).toThrow('holdOut');
  });
});

describe('scoreZeroShot(predictions, byPrompts, options)', () => {
  it('is the difference to the score of the label above, drawn by patient', () => {
    const graph = new LabelGraph({ name: 'x', labels: [{ name: 'P' }, { name: 'C', parents: ['P'] }, { name: 'Q' }] });
    const samples = Array.from({ length: 8 }, (_, i) => ({ id: `${i}`, patient: `${i}`, split: 'test' as const }));
    const child = [0, 0, 0, 0, 1, 1, 1, 1];
    const predictions = {
      labels: ['P', 'C', 'Q'],
      samples,
      targets: Float32Array.from(child.flatMap((y) => [1, y, y])),
      probabilities: Float64Array.from(child.flatMap((y, i) => [i % 2, y, 0.5])),
    };
    const byPrompts = predictions.probabilities.map((p, at) => (at % 3 === 1 ? 0.3 : p));
    const { C, Q } = scoreZeroShot(predictions, byPrompts, { labels: ['C', 'Q'], graph, resamples: 50 });
    expect(C).toMatchObject({
      auroc: 1,
      parent: 'P',
      parentAuroc: 0.5,
      difference: 0.5,
      aurocCi: [1, 1],
      promptAuroc: 0.5,
    });
    expect(C.aboveChance).toBeNull(); // four images of each class: resamples without spread
    expect(Q).toMatchObject({ auroc: 0.5, parent: null, parentAuroc: null, difference: null });
  });
});

describe('placeInGraph(probabilities, graph, trained)', () => {
  it('is the probability of the label above times what the prompts say', () => {
    const graph = new LabelGraph({
      name: 'x',
      labels: [{ name: 'P' }, { name: 'Q' }, { name: 'C', parents: ['P', 'Q'] }, { name: 'D', parents: ['C'] }],
    });
    const told = placeInGraph(Float64Array.of(0.5, 0.8, 0.5, 0.9, 0, 0.1, 1, 1), graph, 2);
    expectClose(told, [0.5, 0.8, 0.4, 0.9, 0, 0.1, 0.1, 1], 1e-6);
  });
});

describe('explainedProbabilities(explanations, graph)', () => {
  it('leaves to No Finding what the others leave', () => {
    const graph = new LabelGraph({
      name: 'x',
      labels: [{ name: 'No Finding' }, { name: 'Edema' }, { name: 'Fracture' }],
    });
    const words = [['a'], ['b', 'c'], ['d']].map((descriptors) => ({ descriptors }));
    const told = explainedProbabilities(explain([0.9, 0.2, 0.8, 0.3], words), graph);
    expectClose(told, [0.6, 0.4, 0.3], 1e-6);
  });
});

describe('DualEncoderExplainer', () => {
  const vectors = (...rows: number[][]) => ({ shape: [2, rows.length / 2, 2], data: Float32Array.from(rows.flat()) });
  const explainer = new DualEncoderExplainer({
    prompts: { shape: [2, 2, 2], data: new Float32Array(8) },
    // Of label 0 one observation, of label 1 two: there, then not there.
    descriptors: vectors([1, 0], [0, 1], [1, 0], [-1, 0], [0, -1], [0, 1]),
    words: [['a'], ['b', 'c']].map((descriptors) => ({ label: 'x', positive: [], negative: [], descriptors })),
    encoder: null,
  });
  it('explains images of any length by their direction', () => {
    const [[first, second]] = explainer.explain(Float32Array.of(7, 0));
    const p = 1 / (1 + Math.exp(-2 / 0.5));
    expectClose([first.probability], [p], 1e-6);
    expectClose(
      second.observations.map(({ probability }) => probability),
      [1 / (1 + Math.exp(-1 / 0.5)), 0.5],
      1e-6,
    );
    expect(second.observations[0].observation).toBe('c');
  });
  it('says how much each place speaks for a label', () => {
    expectClose(explainer.similarityMap(Float32Array.of(3, 0, 0, 2, -1, 0), 0), [2, 0, -2], 1e-6);
    const diagonal = Math.SQRT1_2;
    expectClose(explainer.similarityMap(Float32Array.of(3, 0, 0, 2), 1), [diagonal, diagonal], 1e-6);
  });
});

describe('prompt embeddings made elsewhere', () => {
  it('train without negative prompts', async () => {
    const file = join(place, 'e.npy');
    const data = Float32Array.from({ length: 4 * 6 }, (_, i) => Math.sin(i));
    writeFileSync(file, writeNpy({ shape: [4, 6], data }));
    writeFileSync(join(place, 'labels.json'), JSON.stringify(['A', 'A/B', 'A/C', 'D']));
    const { evaluation } = await train('elsewhere', configure({ prompts: { embeddings: file } }));
    expect(evaluation.macro.auroc).not.toBeNull();
    expect(() => configure({ prompts: { embeddings: file, sampling: true } })).toThrow('they have no texts');
  });
});

describeWithPackages(['onnxruntime-node', '@huggingface/tokenizers'], 'encoders in ONNX', () => {
  const folderOf = (files: Record<string, Uint8Array | string>): string => {
    const folder = mkdtempSync(join(tmpdir(), 'pair-'));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    return folder;
  };
  // Texts and images as (how bright, 1): "no" is dark, "a" is bright.
  const words = ['no', 'x', 'y', 'z', 'u', 'v', 'w', 'q', 'r', 'b', 'c', 'd', 'bright', 'a'];
  const texts = (): string =>
    folderOf({ 'model.onnx': tokenNumberModel({ output: 'tokens' }), ...wordTokenizer(words, { maxTokens: 64 }) });
  const images = (): string =>
    folderOf({
      'model.onnx': averagePoolModel({ channels: 2, window: 4, output: 'both' }),
      'preprocess.json': JSON.stringify({ size: 16, rescale_factor: 1, image_mean: [110, -1e4], image_std: [30, 1e4] }),
    });
  it('evaluates a pair that shares a space, nothing being trained', async () => {
    const graph = folderOf({
      'g.json': JSON.stringify({
        name: 'g',
        labels: ['A', 'A/B', 'A/C', 'D'].map((name) => ({ name, descriptors: ['a bright a'] })),
      }),
    });
    const request = {
      path,
      encoder: images(),
      textEncoder: texts(),
      graph: join(graph, 'g.json'),
      resamples: 20,
      bootstrapThreads: 1,
    };
    const { evaluation } = await dualEncoderEvaluation({ ...request, out: join(place, 'pair') }, silentProgress);
    expect(evaluation.labels.A.auroc).toBeGreaterThan(0.7);
    expect(evaluation.labels.D.auroc).toBeGreaterThan(0.6);
    expect(existsSync(join(place, 'pair', 'predictions.parquet'))).toBe(true);
    expect((await dualEncoderEvaluation(request, silentProgress)).evaluation).toEqual(evaluation);
  });
  it('refuses encoders of different spaces', async () => {
    const wide = folderOf({
      'model.onnx': averagePoolModel({ channels: 3, window: 4, output: 'both' }),
      'preprocess.json': JSON.stringify({ size: 16 }),
    });
    const request = { path, encoder: wide, textEncoder: texts(), resamples: 0, bootstrapThreads: 1 };
    await expect(dualEncoderEvaluation(request, silentProgress)).rejects.toThrow(
      'expected encoders that share a space, got images of 3 numbers',
    );
  });
  it('trains with the tokens of a text encoder, and asks the same encoder for more labels alone', async () => {
    const encoder = texts();
    const prompts = { encoder, context: 2, tokens: true };
    const { evaluation } = await train('tokens', configure({ prompts }));
    expect(
      (await evaluateRun({ run: join(place, 'tokens'), path, out: join(place, 'tokens again') }, silentProgress))
        .evaluation,
    ).toEqual(evaluation);
    await train('onnx', configure({ prompts: { encoder } }));
    const { stored, dispose } = loadModel(join(place, 'onnx'));
    dispose();
    expect(stored.texts!.encoder!.hash).toMatch(/^[0-9a-f]{64}$/);
    const more = new LabelGraph({ name: 'x', labels: [{ name: 'A' }, { name: 'Z', parents: ['A'] }] });
    expect((await openVocabulary(stored, more))!.texts.prompts.shape).toEqual([2, 5, 2]);
    const another = folderOf({ 'model.onnx': tokenNumberModel({ output: 'tokens' }), ...wordTokenizer(['other']) });
    await expect(openVocabulary(stored, more, another)).rejects.toThrow('expected the text encoder');
    await expect(train('closed', configure({ prompts: { context: 1, tokens: true } }))).rejects.toThrow(
      'expected a text encoder that outputs token embeddings with prompts.tokens, got built-in',
    );
  });
});
