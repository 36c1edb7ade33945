import { labelDescriptors, labelPrompts, promptSetNames } from '../src/index.js';

describe('labelPrompts(labels, { set })', () => {
  it('fills templates with phrases, and with the name of a label without phrases', () => {
    expect(labelPrompts(['Edema'])).toEqual([
      {
        label: 'Edema',
        positive: ['There is pulmonary edema with vascular congestion.'],
        negative: ['There is no pulmonary edema.'],
      },
    ]);
    expect(
      labelPrompts(['Pneumonia/Viral', 'Pleural_Thickening'], { set: 'basic' }).map(({ positive, negative }) => [
        ...positive,
        ...negative,
      ]),
    ).toEqual([
      ['viral pneumonia', 'no viral pneumonia'],
      ['pleural thickening', 'no pleural thickening'],
    ]);
  });
  it.each(promptSetNames())('leaves no placeholder in %s', (set) => {
    const texts = labelPrompts(['No Finding', 'Hernia', 'Scoliosis'], { set }).flatMap(({ positive, negative }) => [
      ...positive,
      ...negative,
    ]);
    expect(texts.join(' ')).not.toMatch(/[{}]/);
    expect(new Set(texts).size).toBe(texts.length);
  });
  it('makes a prompt of each combination, and samples some of them by the seed', () => {
    const all = labelPrompts(['Edema'], { set: 'grid' })[0];
    expect(all.positive).toHaveLength(27);
    expect(all.positive[0]).toBe('mild interstitial edema around the hila');
    expect(all.negative).toHaveLength(9);
    const drawn = (seed: number): string[] => labelPrompts(['Edema'], { set: 'grid', count: 5, seed })[0].positive;
    expect(drawn(1)).toHaveLength(5);
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
    expect(all.positive).toEqual(expect.arrayContaining(drawn(1)));
  });
  it('takes the phrases of the finding that a label denotes, and the prompts of the label itself', () => {
    const [effusion, own] = labelPrompts([
      { label: 'Effusion', finding: 'Pleural Effusion' },
      { label: 'Hernia', prompts: { positive: ['a hiatal hernia'] } },
    ]);
    expect(effusion.positive).toEqual(['There is a pleural effusion, fluid in the pleural space.']);
    expect(own).toEqual({ label: 'Hernia', positive: ['a hiatal hernia'], negative: ['There is no hernia.'] });
  });
  it('keeps a label as it is written, whatever its characters and its name', () => {
    const basic = (label: string) => labelPrompts([label], { set: 'basic' })[0].positive;
    expect(['$& of', '{bare}', '__proto__', 'constructor'].map(basic)).toEqual([
      ['$& of'],
      ['{bare}'],
      ['proto'],
      ['constructor'],
    ]);
    expect(labelDescriptors(['constructor'])[0].descriptors.map(({ text }) => text)).toEqual(['constructor']);
    expect(() => labelPrompts(['Edema'], { set: 'constructor' })).toThrow('expected a prompt set of basic');
  });
  it('names the sets there are', () => {
    expect(() => labelPrompts(['Edema'], { set: 'x' })).toThrow('expected a prompt set of basic, pairs, ');
  });
});

describe('labelDescriptors(labels)', () => {
  it('gives observations with prompts for their presence and their absence', () => {
    const [edema, own, unknown] = labelDescriptors(['Edema', { label: 'X', descriptors: ['a dot'] }, 'Big_Y']);
    expect(edema.descriptors).toHaveLength(5);
    expect(own).toEqual({
      label: 'X',
      descriptors: [{ text: 'a dot', positive: 'a dot, a sign of x', negative: 'no dot, no sign of x' }],
    });
    expect(unknown.descriptors.map(({ text }) => text)).toEqual(['big y']);
  });
  it('shares no observation between labels of the vocabulary', () => {
    const labels = ['Cardiomegaly', 'Edema', 'Consolidation', 'Pneumonia', 'Atelectasis', 'Pneumothorax', 'Fracture'];
    const texts = labelDescriptors(labels).flatMap(({ descriptors }) => descriptors.map(({ text }) => text));
    expect(new Set(texts).size).toBe(texts.length);
  });
});
