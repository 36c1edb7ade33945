import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine, type Engine } from '@cxr-align/engine';
import { expectClose } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { madeUpData, quick } from '@cxr-align/testkit';
import { checkConfig } from '../src/config/config.js';
import {
  boxesOf,
  readBoxes,
  type LoadedModel,
  type Model,
  labelMaps,
  loadModel,
  mapKinds,
  mapKindsOf,
  openImageReader,
  openPredictor,
  readMeasuredMaps,
  windowOf,
} from '@cxr-align/classifier';
import { silentProgress } from '../src/progress.js';
import { evaluateRun, trainRun } from './run-helpers.js';

let engine: Engine;
let path: string;
let loaded: LoadedModel;
const place = mkdtempSync(join(tmpdir(), 'localise-'));
const run = join(place, 'run');

beforeAll(async () => {
  engine = await startEngine('wasm');
  path = await madeUpData();
  await trainRun(
    { path, out: run, config: checkConfig({ ...quick, epochs: 14, learningRate: 0.004 }, 'test') },
    engine,
    silentProgress,
  );
  loaded = loadModel(run);
  // A is in the left half, D in the right one.
  const rows = Array.from({ length: 96 }, (_, i) => [`${i}.png,A,0,0,8,16`, `${i}.png,D,8,0,8,16`]).flat();
  writeFileSync(join(path, 'boxes.csv'), `image,label,x,y,w,h\n${rows.join('\n')}\n`);
});
afterAll(() => loaded.dispose());

/** A model whose first label is the sum of the left upper quarter. */
const corner: Model = {
  forward: ({ main, images }) => {
    const logits = tf.tidy(() => {
      const image = images ?? main;
      const [batch, height, width] = image.shape;
      const sum = tf.sum(tf.slice(image, [0, 0, 0, 0], [batch, height / 2, width / 2, 1]), [1, 2, 3]);
      return tf.stack([sum, tf.zerosLike(sum)], 1) as tf.Tensor2D;
    });
    return { logits, branches: [{ logits }] };
  },
};

describe('labelMaps(model, inputs, kind, labels)', () => {
  it.each([false, true])(
    'falls where what matters is covered, and nowhere else (an image branch: %s)',
    async (hasImages) => {
      const pixels = Float32Array.from({ length: 256 }, (_, at) => (at % 16 < 8 && at < 128 ? 1 : 0));
      const image = tf.tensor4d(pixels, [1, 16, 16, 1]);
      const inputs = hasImages ? { main: tf.zeros<tf.Rank.R4>([1, 8, 8, 3]), images: image } : { main: image };
      const { grid, maps } = await labelMaps(corner, inputs, 'occlusion', [1, 0]);
      expect([grid, maps.length]).toEqual([8, 2]);
      expect(Math.max(...maps[0])).toBe(0);
      maps[1].forEach((value, at) => {
        const [x, y] = [at % 8, Math.floor(at / 8)];
        // The window around a place reaches over its neighbours.
        if (x > 4 || y > 4) expect(value).toBe(0);
        if (x < 3 && y < 3) expect(value).toBeGreaterThan(0);
      });
      tf.dispose(inputs);
      await expect(labelMaps(corner, inputs, 'attention', [0])).rejects.toThrow('expected a map of occlusion');
    },
  );
  it.each(mapKinds)('has a map of every place, 0 or more, and leaves no tensor: %s', async (kind) => {
    const { model, stored } = loaded;
    expect(mapKindsOf(model)).toEqual([...mapKinds]);
    const inputs = (await (await openImageReader(stored)).read(join(path, 'images', '2.png'))).batch([0]);
    const before = tf.memory().numTensors;
    const { grid, maps } = await labelMaps(model, inputs, kind, [0, 3]);
    expect(tf.memory().numTensors).toBe(before);
    for (const map of maps) {
      expect(map).toHaveLength(grid * grid);
      expect(Math.min(...map)).toBeGreaterThanOrEqual(0);
      if (kind === 'attention') expectClose([map.reduce((sum, value) => sum + value, 0)], [1], 1e-4);
    }
    tf.dispose({ ...inputs });
  });
  it('has the gradient of the score in it: features times gradient, by hand', async () => {
    const map = tf.tensor4d([1, 2, 3, -4], [1, 2, 2, 1]);
    const linear: Model = {
      ...corner,
      maps: {
        encode: () => ({ main: tf.clone(map) }),
        predict: ({ main }) => {
          const logits = tf.reshape(
            tf.sum(tf.mul(main, tf.tensor4d([1, 0, -1, -2], [1, 2, 2, 1]))),
            [1, 1],
          ) as tf.Tensor2D;
          return { logits, branches: [{ logits }] };
        },
      },
    };
    const { maps } = await labelMaps(linear, { main: map }, 'gradient', [0]);
    expectClose(maps[0], [1, 0, 0, 8]);
    map.dispose();
  });
});

describe('evaluateRun(request) with localise', () => {
  it('holds maps against boxes, and both against chance and the middle', async () => {
    const { evaluation } = await evaluateRun(
      { run, path, out: join(place, 'out'), localise: true, split: 'val' },
      silentProgress,
    );
    const { kinds, images, boxes } = evaluation.localisation!;
    expect([boxes, images]).toEqual(['boxes.csv', 16]);
    expect(Object.keys(kinds)).toEqual([...mapKinds, 'random', 'centre']);
    // The boxes are half of the image.
    expect(kinds.random.inside).toBeGreaterThan(0.4);
    expect(kinds.random.inside).toBeLessThan(0.6);
    expectClose([kinds.centre.inside!], [0.5], 0.01);
    expect(kinds.occlusion.inside).toBeGreaterThan(0.6);
    expect(kinds.occlusion.labels.D.images).toBe(16);
    const [low, high] = kinds.occlusion.insideCi;
    expect(low).toBeLessThanOrEqual(kinds.occlusion.inside!);
    expect(high).toBeGreaterThanOrEqual(kinds.occlusion.inside!);
    expect(JSON.parse(readFileSync(join(place, 'out', 'evaluation.json'), 'utf8'))).toEqual(evaluation);
  });
  it('tells a predictor of the run what its maps are good for, which refuses those that are no better than the middle', async () => {
    const before = await openPredictor(run);
    expect(before.mapEvidence('occlusion', 'D').verdict).toBe('not measured');
    await before.dispose();
    const { folder } = await evaluateRun({ run, path, localise: true, split: 'val' }, silentProgress);
    expect(folder).toContain(join(run, 'evaluations'));
    const predictor = await openPredictor(run);
    // The peak of a centre map lies in the left half, where the boxes of A are, in each image.
    expect(predictor.mapEvidence('occlusion', 'A')).toMatchObject({
      verdict: 'no better than a centre map',
      images: 16,
      centre: 1,
      data: expect.stringMatching(/, val$/),
    });
    const image = join(path, 'images', '0.png');
    expect(predictor.mapEvidence('occlusion', 'D').verdict).toBe('better than a centre map');
    const { map } = await predictor.predict(image, { map: { label: 'D' } });
    expect(map!.evidence).toEqual(predictor.mapEvidence('occlusion', 'D'));
    expect(() => predictor.check({ map: { label: 'A' } })).toThrow(
      /expected maps that show where A is, got no better than a centre map: the largest value of occlusion maps lies in .*\(force\)/,
    );
    const forced = await predictor.predict(image, { map: { label: 'A', force: true } });
    expect(forced.map!.evidence.verdict).toBe('no better than a centre map');
    // Without a label, the most probable one is taken whose maps are good for something.
    const { map: chosen, labels } = await predictor.predict(image, { map: true });
    const isPassedOver = labels.A.probability > labels[chosen!.label].probability;
    expect(chosen!.label).not.toBe('A');
    expect(chosen!.passedOver?.includes('A') ?? false).toBe(isPassedOver);
    await predictor.dispose();
    // Of other weights, nothing is known.
    const file = join(folder!, 'evaluation.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"weights": "[0-9a-f]+"/, '"weights": "0"'));
    expect(readMeasuredMaps(run)).toEqual([]);
  });
  it('takes boxes without labels as those of every label that is present', async () => {
    const file = join(place, 'lungs.csv');
    writeFileSync(file, 'image,side,x,y,w,h\n0.png,left,0,0,16,16\n1.png,left,0,0,16,16\n');
    const request = { run, path, out: join(place, 'lungs'), localise: true, split: 'train', boxes: file };
    const {
      evaluation: { localisation },
    } = await evaluateRun(request, silentProgress);
    for (const { inside } of Object.values(localisation!.kinds)) expectClose([inside!], [1], 1e-6);
  });
});

describe('readBoxes(file)', () => {
  it.each([
    ['image,label,x,y,w\na.png,A,1,2,3\n', 'expected the columns image, x, y, w, h, got no h'],
    ['image,x,y,w,h\na.png,1,2,0,3\n', 'expected a box of numbers with a width and a height, got 1, 2, 0, 3 in line 2'],
    ['image,x,y,w,h\na.png,1,2\n', 'expected whole rows, got 1 with another number of cells'],
  ])('refuses %j', async (text, message) => {
    const file = join(place, 'bad.csv');
    writeFileSync(file, text);
    await expect(readBoxes(file)).rejects.toThrow(message);
  });
  it('says where boxes are looked for', async () => {
    await expect(readBoxes(join(place, 'none.csv'))).rejects.toThrow('got no such file; give the table (boxes)');
  });
});

describe('boxesOf(request, dataset)', () => {
  const boxes = [{ image: 'a', label: 'A', x: 1, y: 2, w: 3, h: 4 }];
  it("takes a file that was asked for, else the set's own boxes, else boxes.csv beside it", async () => {
    const own = await boxesOf({ path: place }, { boxes, name: 'set' });
    expect(own.file).toBe('the boxes of set');
    expect(own.ofImage.get('a')).toEqual([{ label: 'A', box: { x: 1, y: 2, w: 3, h: 4 } }]);
    const file = join(place, 'asked.csv');
    writeFileSync(file, 'image,x,y,w,h\nb,1,2,3,4\n');
    expect([...(await boxesOf({ path: place, boxes: file }, { boxes, name: 'set' })).ofImage.keys()]).toEqual(['b']);
    await expect(boxesOf({ path: '/nowhere' }, { name: 'set' })).rejects.toThrow(
      '/nowhere/boxes.csv: expected a table',
    );
  });
});

describe('windowOf(image, input, config)', () => {
  it('is what the model saw of an image in memory', async () => {
    const image = { data: new Uint8Array(200), width: 20, height: 10 };
    const input = { kind: 'image' as const, size: 8, scale: { mean: 0, std: 1 } };
    const config = checkConfig({ image: { fit: 'crop' } }, 'test');
    expect(await windowOf(image, input, config)).toEqual({ x: 5, y: 0, w: 10, h: 10 });
  });
});
