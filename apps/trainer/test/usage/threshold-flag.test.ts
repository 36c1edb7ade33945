import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { thresholdsOf } from '../../src/usage/threshold-flag.js';

const fileOf = (content: string): string => {
  const file = join(mkdtempSync(join(tmpdir(), 'thresholds-')), 'wishes.json');
  writeFileSync(file, content);
  return file;
};

describe('thresholdsOf(given)', () => {
  it('takes values, rules and files together, and labels with equal signs', () => {
    const file = fileOf('{"Pneumonia": 0.3, "Fracture": "youden"}');
    expect(thresholdsOf(['Edema=sensitivity=0.9', file, 'a=b=.25', 'a=b=c=F-max', 'No Finding = 1e-3'])).toEqual({
      Edema: 'sensitivity=0.9',
      Pneumonia: 0.3,
      Fracture: 'youden',
      'a=b': '.25',
      'a=b=c': 'F-max',
      'No Finding': '1e-3',
    });
    expect(thresholdsOf(undefined)).toBeUndefined();
  });
  it.each(['Edema', 'Edema=', '=0.1', 'Edema=best', 'Edema=0,3'])('refuses %s', (text) => {
    expect(() => thresholdsOf([text])).toThrow(`expected --label NAME=THRESHOLD or NAME=RULE`);
  });
  it('refuses a label twice, and a file of something else', () => {
    expect(() => thresholdsOf(['Edema=0.1', 'Edema=youden'])).toThrow('got Edema twice');
    for (const content of ['[0.1]', '{"Edema": null}', '{}'])
      expect(() => thresholdsOf([fileOf(content)])).toThrow('expected an object of label to threshold');
  });
});
