import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { describeConfig, makeConfig, presets } from '../src/config/config.js';

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
    [['nonsense'], '--set key=value'],
    [['positiveWeight=balanced', 'classificationLoss=focal'], 'positiveWeight'],
    [['weightingTemperature=2'], 'weightingTemperature'],
    [['weighting=gradnrom'], 'weighting'],
    [['labelPolicy=u-self-trained'], 'teacher'],
    [['teacher=run'], 'teacher'],
    [['labelPolicy=u-ones-smoothed', 'classificationLoss=focal'], 'classificationLoss'],
    [['labelPolicyByLabel.Edema=u-zeros-smoothed', 'classificationLoss=focal'], 'classificationLoss'],
    [['labelPolicy=u-multiclass', 'model=mlp'], 'labelPolicy'],
    [['labelPolicy=u-multiclass', 'score=similarity'], 'labelPolicy'],
    [['labelPolicyByLabel.Edema=seed-original'], 'labelPolicy'],
    [['labelPolicyByLabel.Edema=u-none'], 'Edema'],
    [['graphCountedShare=2'], 'graphCountedShare'],
  ])('refuses %j by name', (set, name) => {
    expect(() => makeConfig({ set })).toThrow(InputError);
    expect(() => makeConfig({ set })).toThrow(name);
  });
  it('refuses unknown presets and missing files', () => {
    expect(() => makeConfig({ preset: 'x' })).toThrow('expected --preset to be one of aligned');
    expect(() => makeConfig({ file: '/nowhere.json' })).toThrow('expected --config to be a file, got /nowhere.json');
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
