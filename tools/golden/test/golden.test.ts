import { fileURLToPath } from 'node:url';
import { describeBackends } from '@cxr-align/testkit';
import { readFileSync, readdirSync } from 'node:fs';
import { checkCase, isComputed } from '../src/check.js';
import type { GoldenCase } from '../src/vector-file.js';

const folder = fileURLToPath(new URL('..', import.meta.url));
const files = readdirSync(folder).filter(isComputed);

describeBackends('reference vectors', () => {
  for (const file of files) {
    const { cases } = JSON.parse(readFileSync(`${folder}${file}`, 'utf8')) as { cases: GoldenCase[] };
    it.each(cases.map((one) => [one.id, one] as const))(`${file} %s`, async (_, one) => {
      expect(await checkCase(one)).toEqual([]);
    });
  }
});

describe('checkCase(case)', () => {
  it('notices a wrong loss, a wrong gradient and an unknown id', async () => {
    const one = JSON.parse(readFileSync(`${folder}losses_defaults.json`, 'utf8')).cases[0] as GoldenCase;
    const wrongLoss = { ...one, expected: { ...one.expected, loss: one.expected.loss! + 1e-4 } };
    expect(await checkCase(wrongLoss)).toEqual([expect.stringContaining('loss: expected')]);
    const wrongGradient = { ...one, expected: { ...one.expected, grads: { logit_scale: 1.5 } } };
    expect(await checkCase(wrongGradient)).toEqual([expect.stringContaining('gradient of logit_scale')]);
    expect(await checkCase({ id: 'unheard/of', expected: {} })).toEqual(['no function is known for this id']);
  });
});
