import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prevalencesOf } from '../../src/usage/prevalence-flag.js';

const fileOf = (content: string): string => {
  const file = join(mkdtempSync(join(tmpdir(), 'prevalence-')), 'shares.json');
  writeFileSync(file, content);
  return file;
};

describe('prevalencesOf(given)', () => {
  it('takes shares and files together, and labels with equal signs', () => {
    const file = fileOf('{"Pneumonia": 0.03}');
    expect(prevalencesOf(['Edema=0.1', file, 'a=b=1e-3'])).toEqual({ Edema: 0.1, Pneumonia: 0.03, 'a=b': 0.001 });
    expect(prevalencesOf(undefined)).toBeUndefined();
  });
  it.each([
    ['Edema', 'expected --prevalence LABEL=SHARE, such as Pneumonia=0.03, or a JSON file, got Edema'],
    ['Edema=', 'got Edema='],
    ['=0.1', 'got =0.1'],
    ['Edema=few', 'got Edema=few'],
  ])('refuses %s', (text, message) => {
    expect(() => prevalencesOf([text])).toThrow(message);
  });
  it('refuses a label twice, and a file of something else', () => {
    expect(() => prevalencesOf(['Edema=0.1', 'Edema=0.2'])).toThrow('got Edema twice');
    for (const content of ['[0.1]', '{"Edema": "0.1"}', '{}'])
      expect(() => prevalencesOf([fileOf(content)])).toThrow('expected an object of label to share');
  });
});
