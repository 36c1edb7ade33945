import { scoreAnnotations, suspectKinds, type AnnotationProblem } from '../../src/suspects/score-annotations.js';

const labels = ['Opacity', 'Pneumonia'];
const flat = { labels, ancestors: [[], []] };
const tree = { labels, ancestors: [[], [0]] };

const kindsOf = (problem: AnnotationProblem): string[] =>
  [...scoreAnnotations(problem).kinds].map((bits) =>
    suspectKinds.filter((_, place) => (bits & (1 << place)) !== 0).join('+'),
  );

describe('scoreAnnotations(problem)', () => {
  it('doubts what the model finds improbable, and leaves unknown annotations alone', () => {
    const targets = [1, 0, 1, 0, 0, NaN, 0, 0];
    const probabilities = [0.9, 0.1, 0.1, 0.2, 0.2, 0.9, 0.1, 0.1];
    const { suspicion } = scoreAnnotations({ ...flat, targets, probabilities });
    expect([...suspicion.slice(0, 5)].map((value) => Number(value.toFixed(3)))).toEqual([0.1, 0.1, 0.9, 0.2, 0.2]);
    expect(suspicion[5]).toBeNaN();
    expect(kindsOf({ ...flat, targets, probabilities })[2]).toBe('model');
  });

  it('knows that of a present label and an absent one above it at least one is wrong', () => {
    const problem = { ...tree, targets: [0, 1, 1, 1], probabilities: [0.2, 0.5, 0.9, 0.9] };
    const { suspicion, contradictions } = scoreAnnotations(problem);
    expect(contradictions).toEqual([[0, 1, 0]]);
    const either = 1 - (1 - 0.2) * (1 - 0.5);
    expect(suspicion[0]).toBeCloseTo(0.2 / either, 12);
    expect(suspicion[1]).toBeCloseTo(0.5 / either, 12);
    expect(kindsOf(problem).slice(0, 2)).toEqual(['hierarchy', 'hierarchy']);
    expect(scoreAnnotations({ ...problem, ...flat }).contradictions).toEqual([]);
  });

  it('compares the hierarchy with what is annotated, not with what a policy made of a blank', () => {
    const problem = { ...tree, targets: [0, 1], probabilities: [0.5, 0.5], annotations: [NaN, 1] };
    expect(scoreAnnotations(problem).contradictions).toEqual([]);
  });

  it('doubts both of two images that are the same where their labels differ, the improbable one more', () => {
    const problem: AnnotationProblem = {
      ...flat,
      targets: [1, 0, 0, 0],
      probabilities: [0.8, 0.1, 0.8, 0.1],
      duplicates: [[0, 1]],
    };
    const { suspicion, conflicts } = scoreAnnotations(problem);
    expect(conflicts).toEqual([[0, 1, 0]]);
    expect(suspicion[0]).toBeCloseTo(0.2 / 0.84, 12);
    expect(suspicion[2]).toBeCloseTo(0.8 / 0.84, 12);
    expect(kindsOf(problem)).toEqual(['duplicate', '', expect.stringContaining('duplicate'), '']);
  });

  it('weighs the neighbours by how well they predict the annotations', () => {
    const one = { labels: ['Mass'], ancestors: [[]], targets: [1, 1, 1, 0, 0, 0] };
    const near = { count: 2, rows: Int32Array.of(1, 2, 0, 2, 0, 1, 4, 5, 3, 5, 3, 4) };
    const blind = scoreAnnotations({ ...one, near, probabilities: new Array<number>(6).fill(0.5) });
    expect(blind.neighbourWeight).toBe(1);
    expect(blind.neighbourShares![0]).toBeCloseTo((0.5 + 1 + 1) / 3, 12);
    const sure = scoreAnnotations({ ...one, near, probabilities: [1, 1, 1, 0, 0, 0] });
    expect(sure.neighbourWeight).toBe(0);
  });
});
