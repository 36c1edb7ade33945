import { labelPrompts, promptSetNames } from '../src/index.js';

describe('labelPrompts(labels, set)', () => {
  it('fills templates with phrases, and makes some for labels without', () => {
    expect(labelPrompts(['Edema'], 'pairs')).toEqual([
      {
        label: 'Edema',
        positive: ['There is pulmonary edema with vascular congestion.'],
        negative: ['There is no pulmonary edema.'],
      },
    ]);
    expect(
      labelPrompts(['Pneumonia/Viral', 'Pleural_Thickening'], 'basic').map(({ positive, negative }) => [
        ...positive,
        ...negative,
      ]),
    ).toEqual([
      ['viral pneumonia', 'no viral pneumonia'],
      ['pleural thickening', 'no pleural thickening'],
    ]);
  });
  it.each(promptSetNames)('leaves no placeholder in %s', (set) => {
    const texts = labelPrompts(['No Finding', 'Hernia'], set).flatMap(({ positive, negative }) => [
      ...positive,
      ...negative,
    ]);
    expect(texts.join(' ')).not.toMatch(/[{}]/);
    expect(new Set(texts).size).toBe(texts.length);
  });
  it('names the sets there are', () => {
    expect(() => labelPrompts(['Edema'], 'x')).toThrow('expected a prompt set of basic, pairs, report, got x');
  });
});
