import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { configKeys, describeConfig, makeConfig, presets } from '../src/config/config.js';

describe('makeConfig(sources)', () => {
  it('has a default for every key', () => {
    const config = makeConfig({});
    expect(config.model).toBe('aligned');
    expect(config.losses.contrastive).toBeGreaterThan(0);
  });
  it('lets flags win over --set, --set over the file, the file over the preset', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'config-')), 'c.yaml');
    writeFileSync(file, 'epochs: 5\nseed: 1\nlosses: { graph: 0.5 }\n');
    const config = makeConfig({
      preset: 'no-contrastive',
      file,
      set: ['seed=2', 'image.size=32', 'encoder.kind=patch'],
      flags: { seed: 3, model: undefined },
    });
    expect(config).toMatchObject({
      epochs: 5,
      seed: 3,
      losses: { contrastive: 0, graph: 0.5 },
      image: { size: 32 },
      encoder: { kind: 'patch' },
    });
  });
  it.each(Object.keys(presets))('takes the preset %s', (preset) => {
    expect(makeConfig({ preset }).epochs).toBeGreaterThan(0);
  });
  it.each([
    [['lables=3'], 'lables'],
    [['losses.contrastiv=1'], 'contrastiv'],
    [['epochs=0'], 'epochs'],
    [['epochs=many'], 'epochs'],
    [['batchSize=1'], 'batchSize'],
    [['model=alined'], 'model'],
    [['learningRate=-1'], 'learningRate'],
    [['seed=1.5'], 'seed'],
    [['nonsense'], 'expected key=value, got "nonsense"'],
    [['positiveWeight=balanced', 'classificationLoss=focal'], 'positiveWeight'],
    [['weightingTemperature=2'], 'weightingTemperature'],
    [['weighting=gradnrom'], 'weighting'],
    [['labelPolicy=u-self-trained'], 'teacher'],
    [['teacher=run'], 'teacher'],
    [['labelPolicy=u-ones-smoothed', 'classificationLoss=focal'], 'classificationLoss'],
    [['labelPolicyByLabel.Edema=u-zeros-smoothed', 'classificationLoss=focal'], 'classificationLoss'],
    [['labelPolicy=u-multiclass', 'model=mlp'], 'labelPolicy'],
    [['labelPolicy=u-multiclass', 'heads=similarity'], 'labelPolicy'],
    [['labelPolicyByLabel.Edema=reference-original'], 'labelPolicy'],
    [['labelPolicyByLabel.Edema=u-none'], 'Edema'],
    [['graphCountedShare=2'], 'graphCountedShare'],
  ])('refuses %j by name', (set, name) => {
    expect(() => makeConfig({ set })).toThrow(InputError);
    expect(() => makeConfig({ set })).toThrow(name);
  });
  it.each([
    ['lr=1', 'expected a key of the configuration, got lr; did you mean learningRate?'],
    ['batch_size=8', 'got batch_size; did you mean batchSize?'],
    ['epoch=8', 'got epoch; did you mean epochs?'],
    ['image.sise=8', 'got image.sise; did you mean image.size?'],
    ['losses.contrastiv=1', 'got losses.contrastiv; did you mean losses.contrastive?'],
    [
      'model=alined',
      'model: expected a model of aligned, vision-only, linear, mlp, logistic, gaussian, text-centroids, csra, neighbours, propagation, stack, auto, got alined; did you mean aligned?',
    ],
    ['image.fit=padd', 'expected image.fit to be one of stretch, pad, crop, got "padd"; did you mean pad?'],
    ['calibration=plat', 'did you mean platt?'],
    ['epochs=many', 'expected epochs to be a number, got "many"'],
    ['epochs=0', 'expected epochs to be at least 1, got 0'],
    ['dropout=2', 'expected dropout to be at most 0.9, got 2'],
  ])('says of %s what was expected, what was found, and the nearest name', (assignment, message) => {
    expect(() => makeConfig({ set: [assignment] })).toThrow(message);
  });
  it('suggests nothing for a key that resembles none', () => {
    expect(() => makeConfig({ set: ['xylophone=1'] })).toThrow(/got xylophone$/);
  });
  it('takes keys with dots in files and layers, as --set does', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'config-')), 'c.yaml');
    writeFileSync(file, 'image.size: 32\nimage: { fit: pad }\nlosses.graph: 0.5\n');
    const config = makeConfig({ file, layers: [{ 'encoder.kind': 'patch' }, { encoder: { dim: 48 } }] });
    expect(config.image).toEqual({ size: 32, fit: 'pad', bits: 0 });
    expect(config.losses.graph).toBe(0.5);
    expect(config.encoder).toMatchObject({ kind: 'patch', dim: 48 });
  });
  it('refuses unknown presets and missing files', () => {
    expect(() => makeConfig({ preset: 'x' })).toThrow('expected a preset of aligned');
    expect(() => makeConfig({ file: '/nowhere.json' })).toThrow(
      '/nowhere.json: expected a YAML or JSON file, got no such file',
    );
  });
});

describe('describeConfig()', () => {
  it('has a line with default and description for every key', () => {
    const lines = describeConfig().split('\n');
    expect(lines.length).toBeGreaterThan(40);
    for (const line of lines) expect(line).toMatch(/^[\w.]+ +\S+ +\S/);
    expect(describeConfig()).toContain('losses.orthogonal');
  });
});

describe('configKeys()', () => {
  it('has each key once, with dots, its default and its choices', () => {
    const keys = configKeys();
    expect(new Set(keys.map(({ key }) => key)).size).toBe(keys.length);
    const of = (name: string) => keys.find(({ key }) => key === name);
    expect(of('image.size')).toMatchObject({ default: 64, description: expect.stringContaining('Pixels') });
    expect(of('weighting')?.choices).toContain('gradnorm');
    expect(of('model')?.choices).toContain('vision-only');
  });

  it('has the range of every number, in words', () => {
    const rangeOf = (name: string) => configKeys().find(({ key }) => key === name)?.range;
    expect(rangeOf('epochs')).toBe('a whole number ≥ 1');
    expect(rangeOf('learningRate')).toBe('a number > 0');
    expect(rangeOf('warmup')).toBe('a number in [0, 1]');
    expect(rangeOf('prompts.sampling')).toBeUndefined();
  });
});
