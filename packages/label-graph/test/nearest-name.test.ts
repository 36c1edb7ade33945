import { didYouMean, nearestName } from '../src/nearest-name.js';

describe('nearestName(text, names)', () => {
  const names = ['Pneumonia', 'Pneumothorax', 'Edema', 'Mass'];
  it.each([
    ['Pnuemonia', 'Pneumonia'],
    ['pneumonia', 'Pneumonia'],
    ['Edma', 'Edema'],
    ['Oedema', 'Edema'],
    ['Maas', 'Mass'],
  ])('%s is nearest to %s', (text, expected) => expect(nearestName(text, names)).toBe(expected));
  it('finds none where a third of the letters would have to change', () => {
    expect(nearestName('Zebra', names)).toBeUndefined();
    expect(didYouMean('Zebra', names)).toBe('');
    expect(didYouMean('Edma', names)).toBe('did you mean "Edema"? Otherwise ');
  });
});
