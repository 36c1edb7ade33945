import { checkModelConfig, preprocessingOf } from '../src/index.js';

describe('preprocessingOf(image, size)', () => {
  it('has the bits of the data set where the configuration gives them, else each file has its own', () => {
    expect(preprocessingOf({ size: 64, fit: 'crop', bits: 12 }, 32)).toEqual({ size: 32, fit: 'crop', bits: 12 });
    expect(preprocessingOf({ size: 64, fit: 'pad', bits: 0 }, 32)).toEqual({ size: 32, fit: 'pad' });
  });
  it('is of a configuration whose image.bits is 0 unless given, and otherwise 8 to 32', () => {
    expect(checkModelConfig({}, 'test').image.bits).toBe(0);
    expect(checkModelConfig({ image: { bits: 12 } }, 'test').image.bits).toBe(12);
    expect(() => checkModelConfig({ image: { bits: 5 } }, 'test')).toThrow(/image\.bits/);
  });
});
