import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  closureMatrix,
  depths,
  LabelGraph,
  labelSet,
  lcaDepths,
  pathDistances,
  pathSimilarity,
  relatedMatrix,
  wuPalmer,
  type LabelMatrix,
} from '../src/index.js';

interface TreeCase {
  id: string;
  expected: number[] | number[][];
}
const golden = JSON.parse(readFileSync(new URL('../../../tools/golden/tree.json', import.meta.url), 'utf8')) as {
  labels: string[];
  cases: TreeCase[];
};
const expected = (id: string): number[] => golden.cases.find((one) => one.id === `tree/${id}`)!.expected.flat();
const seed = new LabelGraph(labelSet('seed-14'));

/** Random graphs: each label may have any earlier ones as parents. */
const randomGraph = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 9 }).map(
  (picks) =>
    new LabelGraph({
      name: 'random',
      labels: picks.map((parents, i) => ({
        name: `n${i}`,
        parents: i === 0 ? [] : [...new Set(parents.map((parent) => `n${parent % i}`))],
      })),
    }),
);
const at = ({ labels, values }: LabelMatrix, i: number, j: number): number => values[i * labels.length + j];

describe('matrices of the seed tree equal the reference', () => {
  it('has the labels in the same order', () => expect(seed.labels).toEqual(golden.labels));
  it('path distances', () => expect([...pathDistances(seed).values]).toEqual(expected('hops')));
  it('depths', () => {
    const depth = depths(seed);
    expect(seed.labels.map((label) => depth.get(label))).toEqual(expected('depth'));
  });
  it('depths of the lowest common ancestor', () => expect([...lcaDepths(seed).values]).toEqual(expected('lca_depth')));
  it('Wu-Palmer similarities', () => {
    expected('wu_palmer').forEach((value, i) => expect(wuPalmer(seed).values[i]).toBeCloseTo(value, 6));
  });
});

describe('on any graph', () => {
  it('path distances are a metric', () => {
    fc.assert(
      fc.property(randomGraph, (graph) => {
        const distances = pathDistances(graph);
        const indices = graph.labels.map((_, i) => i);
        for (const i of indices) {
          for (const j of indices) {
            expect(at(distances, i, j)).toBe(at(distances, j, i));
            expect(at(distances, i, j) === 0).toBe(i === j);
            for (const k of indices)
              expect(at(distances, i, j)).toBeLessThanOrEqual(at(distances, i, k) + at(distances, k, j));
          }
        }
      }),
      { numRuns: 40 },
    );
  });
  it('similarities are symmetric, in [0, 1], and 1 for a label and itself', () => {
    fc.assert(
      fc.property(randomGraph, (graph) => {
        for (const matrix of [wuPalmer(graph), pathSimilarity(graph)]) {
          graph.labels.forEach((_, i) => {
            expect(at(matrix, i, i)).toBe(1);
            graph.labels.forEach((_label, j) => {
              expect(at(matrix, i, j)).toBeGreaterThanOrEqual(0);
              expect(at(matrix, i, j)).toBeLessThanOrEqual(1);
              expect(at(matrix, i, j)).toBe(at(matrix, j, i));
            });
          });
        }
      }),
      { numRuns: 40 },
    );
  });
  it('closure is idempotent: an ancestor of an ancestor is an ancestor', () => {
    fc.assert(
      fc.property(randomGraph, (graph) => {
        const closure = closureMatrix(graph);
        const n = graph.labels.length;
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            const twice = graph.labels.some((_, k) => at(closure, i, k) * at(closure, k, j) === 1);
            expect(twice).toBe(at(closure, i, j) === 1);
          }
        }
      }),
      { numRuns: 40 },
    );
  });
  it('related labels are ancestors and descendants, never a label and itself', () => {
    const related = relatedMatrix(new LabelGraph(labelSet('chexpert-14')));
    const place = (name: string): number => related.labels.indexOf(name);
    expect(at(related, place('Edema'), place('Lung Opacity'))).toBe(1);
    expect(at(related, place('Lung Opacity'), place('Pneumonia'))).toBe(1);
    expect(at(related, place('Edema'), place('Atelectasis'))).toBe(0);
    expect(at(related, 3, 3)).toBe(0);
  });
});
