import { operatingRules, parseRule, ruleName } from '../src/operating-points.js';

describe('parseRule(text)', () => {
  it('reads the name that each rule has, and other names of the same', () => {
    for (const rule of operatingRules) expect(parseRule(ruleName(rule))).toEqual(rule);
    expect(parseRule('F-max')).toBe('max-f1');
    expect(parseRule('ppv = .5')).toEqual({ precision: 0.5 });
  });
  it.each(['', 'best', 'youden=1', 'sensitivity', 'sensitivity=', 'ppv=0.5=1'])('refuses %j', (text) => {
    expect(() => parseRule(text)).toThrow(/expected a (rule such as youden|sensitivity in)/);
  });
  it.each(['ppv=50', 'sensitivity=0', 'specificity=-0.1', 'sensitivity=x'])('refuses the rate of %s', (text) => {
    expect(() => parseRule(text)).toThrow('in (0, 1]');
  });
});
