import { labelPrompts, promptSetNames, registerPromptSet } from '../src/index.js';

describe('registerPromptSet(definition)', () => {
  it('makes a set usable by its name, beside the built-in ones', () => {
    const before = promptSetNames();
    expect(before).toEqual(expect.arrayContaining(['basic', 'pairs', 'descriptors']));
    registerPromptSet({ name: 'short', positive: ['{label} present', '{descriptor}'], negative: ['{label} absent'] });
    expect(promptSetNames()).toEqual([...before, 'short']);
    const [own] = labelPrompts([{ label: 'X', descriptors: ['a dot', 'a line'] }], { set: 'short' });
    expect(own).toEqual({ label: 'X', positive: ['x present', 'a dot', 'a line'], negative: ['x absent'] });
  });
  it('takes a name of a method of every object as any other', () => {
    registerPromptSet({ name: 'toString', positive: ['{label}'], negative: ['no {label}'] });
    expect(labelPrompts(['X'], { set: 'toString' })[0].negative).toEqual(['no x']);
  });
  it.each([
    [
      'a name that is taken',
      { name: 'pairs', positive: ['{label}'], negative: ['{label}'] },
      'got pairs, which is registered',
    ],
    ['no name', { name: '', positive: ['{label}'], negative: ['{label}'] }, 'expected a name, got ""'],
    ['no template', { name: 'a', positive: ['{label}'], negative: [] }, 'expected one or more negative templates in a'],
    ['an unknown placeholder', { name: 'a', positive: ['{lable}'], negative: ['no'] }, 'in a, got {lable}'],
  ])('refuses %s', (_, definition, message) => {
    const before = promptSetNames();
    expect(() => registerPromptSet(definition)).toThrow(message);
    expect(promptSetNames()).toEqual(before);
  });
});
