import { nearestName } from '../src/nearest-name.js';

describe('nearestName(name, known)', () => {
  it.each([
    ['gammaNeg', ['gammaNegative', 'gammaPositive'], 'gammaNegative'],
    ['trian', ['evaluate', 'train'], 'train'],
    ['EPOCHS', ['epochs'], 'epochs'],
    ['otu', ['out', 'data'], 'out'],
    ['xylophone', ['train', 'out'], undefined],
    ['', ['train'], undefined],
  ])('takes %j among %j for %j', (name, known, nearest) => {
    expect(nearestName(name, known)).toBe(nearest);
  });
});
