import { LabelGraph, normalizeLabel } from '../src/index.js';

describe('normalizeLabel(name)', () => {
  it.each([
    ['Pleural_Thickenings', 'pleural thickening'],
    ['Pulmonary OEDEMA', 'pulmonary edema'],
    ['Épanchement pleural', 'epanchement pleural'],
    ['E\u0301panchement', 'epanchement'],
    ['Œdème', 'oedeme'],
    ['Ｐｎｅｕｍｏｎｉａ', 'pneumonia'],
    ['Straße', 'strasse'],
    ['Πνευμονία', 'πνευμονια'],
    ['肺炎', '肺炎'],
    ['폐렴', '폐렴'],
    ['निमोनिया', 'निमोनिया'],
    ['Пневмония', 'пневмония'],
  ])('%s is compared as %s', (name, expected) => expect(normalizeLabel(name)).toBe(expected));
  it.each([
    ['肺炎', '气胸'],
    ['ぱ', 'は'],
    ['чай', 'чаи'],
    ['दिल', 'दूल'],
    ['+', '−'],
    ['?', '!'],
  ])('keeps %s and %s apart', (one, other) => expect(normalizeLabel(one)).not.toBe(normalizeLabel(other)));
  it('lets a graph have labels of any script', () => {
    const labels = ['肺炎', '气胸', 'Пневмония', 'ذات الرئة', 'ปอดบวม'].map((name) => ({ name }));
    const graph = new LabelGraph({ name: 'scripts', labels });
    expect(graph.labels).toEqual(labels.map(({ name }) => name));
    expect(graph.find('ПНЕВМОНИЯ')).toBe('Пневмония');
  });
});
