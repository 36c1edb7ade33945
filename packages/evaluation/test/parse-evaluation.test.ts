import { evaluateScores, parseEvaluation } from '../src/index.js';

const labels = ['Edema', '__proto__', 'constructor'];
const scores = Array.from({ length: 40 }, (_, i) => labels.map((_, j) => ((i * 7 + j * 3) % 40) / 40));
const targets = scores.map((row, i) => row.map((_, j) => (i + j) % 2));
const { evaluation } = evaluateScores({ labels, scores, targets, resamples: 2 });
const copy = (): Record<string, unknown> => JSON.parse(JSON.stringify(evaluation)) as Record<string, unknown>;

describe('parseEvaluation(content, file)', () => {
  it('gives the evaluation again, with labels of any name', () => {
    const read = parseEvaluation(copy(), 'evaluation.json');
    expect(new Set(Object.keys(read.labels))).toEqual(new Set(labels));
    for (const label of labels) expect(read.labels[label].auroc).toBe(evaluation.labels[label].auroc);
    expect(Object.getPrototypeOf(read.labels)).toBe(Object.prototype);
  });
  it('takes operating points of earlier versions, without a net benefit', () => {
    const earlier = copy() as unknown as { labels: { Edema: { operatingPoints: Record<string, unknown>[] } } };
    const [point] = earlier.labels.Edema.operatingPoints;
    expect(point).toHaveProperty('netBenefit');
    delete point.netBenefit;
    delete point.netBenefitOfAll;
    expect(parseEvaluation(earlier, 'evaluation.json').labels.Edema.operatingPoints[0].netBenefit).toBeUndefined();
  });
  it.each([
    ['no object', null, 'evaluation.json: expected an evaluation of this version, got another'],
    ['a label of another kind', { ...copy(), labels: { Edema: 1 } }, 'got another (labels.Edema: Invalid input'],
    ['a key too many', { ...copy(), more: 1 }, 'Unrecognized key: "more"'],
  ])('refuses %s', (_, content, message) => {
    expect(() => parseEvaluation(content, 'evaluation.json')).toThrow(message);
  });
});
