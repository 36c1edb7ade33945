import { planHalving, trainsOn } from '../src/tune/halving.js';
import { checkSpace, drawSettings, readSearchSpace, settingsIn } from '../src/tune/search-space.js';

describe('readSearchSpace(assignments)', () => {
  it('reads ranges and lists, and leaves single values to all trials', () => {
    const { space, fixed } = readSearchSpace([
      'learningRate=1e-4..1e-2',
      'dropout=0..0.5:linear',
      'decoder=dense,query',
      'encoder.channels=[4,6],[8,16]',
      'epochs=5',
      'image.size=16',
      'encoder.channels2=[4,6]',
    ]);
    expect(space).toEqual({
      learningRate: { from: 1e-4, to: 1e-2 },
      dropout: { from: 0, to: 0.5, scale: 'linear' },
      'decoder.kind': ['dense', 'query'],
      'encoder.channels': [
        [4, 6],
        [8, 16],
      ],
    });
    expect(fixed).toEqual(['epochs=5', 'image.size=16', 'encoder.channels2=[4,6]']);
  });
  it.each([
    [['learningRate=1e-2..1e-4'], 'expected a range of learningRate from a number to a larger one, got 0.01..0.0001'],
    [['dropout=0..0.5:log'], 'expected a range of dropout above 0 with the scale log'],
    [['weighting=fixed,fixed'], 'expected each value of weighting once, got "fixed" twice'],
    [['dropout=0..1', 'dropout=0..0.5'], 'expected dropout once, got it twice'],
  ])('refuses %j', (assignments, message) => {
    expect(() => readSearchSpace(assignments)).toThrow(message);
  });
});

describe('drawSettings(space, trials, seed)', () => {
  const space = {
    learningRate: { from: 1e-4, to: 1e-2 },
    dropout: { from: 0, to: 0.5 },
    weighting: ['fixed', 'random'],
  };
  it('draws the same settings for the same seed, whatever the number of trials', () => {
    const twenty = drawSettings(space, 20, 3);
    expect(drawSettings(space, 40, 3).slice(0, 20)).toEqual(twenty);
    expect(drawSettings(space, 20, 4)).not.toEqual(twenty);
    // A key that is added leaves the others as they were.
    const more = drawSettings({ ...space, weightDecay: { from: 0, to: 1 } }, 20, 3);
    expect(more.map(({ learningRate }) => learningRate)).toEqual(twenty.map(({ learningRate }) => learningRate));
  });
  it('spreads a range of more than a decade by its logarithm, others evenly', () => {
    const drawn = drawSettings(space, 400, 1);
    const share = (isSo: (one: Readonly<Record<string, unknown>>) => boolean) => drawn.filter(isSo).length / 400;
    expect(share(({ learningRate }) => Number(learningRate) < 1e-3)).toBeCloseTo(0.5, 1);
    expect(share(({ dropout }) => Number(dropout) < 0.25)).toBeCloseTo(0.5, 1);
    expect(share(({ weighting }) => weighting === 'fixed')).toBeCloseTo(0.5, 1);
    for (const { learningRate } of drawn) {
      expect(learningRate).toBeGreaterThanOrEqual(1e-4);
      expect(learningRate).toBeLessThanOrEqual(1e-2);
    }
  });
  it('tries a space of few settings through, each once', () => {
    const few = { batchSize: { from: 8, to: 10 }, weighting: ['fixed', 'random'] };
    expect(settingsIn(few)).toBe(6);
    const all = drawSettings(few, 20, 1);
    expect(all).toHaveLength(6);
    expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(6);
    expect(drawSettings(few, 3, 1)).toEqual(all.slice(0, 3));
    expect(settingsIn(space)).toBe(Infinity);
    expect(() => checkSpace({ weighting: ['fixed'] })).toThrow('expected two or more values of weighting');
  });
});

describe('planHalving(epochs, options)', () => {
  it('has thirds of the epochs, or the rungs that are given', () => {
    expect(planHalving(18, {})).toEqual({ rungs: [2, 6, 18], reduction: 3 });
    expect(planHalving(3, {})).toEqual({ rungs: [1, 3], reduction: 3 });
    expect(planHalving(18, { rungs: [1, 18], reduction: 2 })).toEqual({ rungs: [1, 18], reduction: 2 });
    expect(() => planHalving(1, {})).toThrow('expected more epochs to halve a search, got 1');
    expect(() => planHalving(9, { rungs: [3, 2] })).toThrow('each more than that before, got 3, 2');
    expect(() => planHalving(9, { reduction: 1 })).toThrow('expected a reduction above 1');
  });
  it('trains on where the schedule does not follow the number of epochs', () => {
    expect(trainsOn({ schedule: 'constant', warmup: 0.1 })).toBe(true);
    expect(trainsOn({ schedule: 'warmup-constant', warmup: 0 })).toBe(true);
    expect(trainsOn({ schedule: 'warmup-constant', warmup: 0.1 })).toBe(false);
    expect(trainsOn({ schedule: 'warmup-cosine', warmup: 0 })).toBe(false);
  });
});
