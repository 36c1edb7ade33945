import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  closureMatrix,
  depths,
  LabelGraph,
  type LabelMatrix,
  labelMatrix,
  labelSet,
  lcaDepths,
  lin,
  lineageMatrix,
  matrixKinds,
  normalizeMatrix,
  pathDistances,
  pathSimilarity,
  referenceSimilarity,
  wuPalmer,
} from '../src/index.js';
import './built-in-sets.js';

interface TreeCase {
  id: string;
  expected: number[] | number[][];
}
const golden = JSON.parse(readFileSync(new URL('../../../tools/golden/tree.json', import.meta.url), 'utf8')) as {
  labels: string[];
  cases: TreeCase[];
  published_matrices: Record<string, { float32_values: number[][] }>;
};
const expected = (id: string): number[] => golden.cases.find((one) => one.id === `tree/${id}`)!.expected.flat();
const reference = new LabelGraph(labelSet('reference-14'));

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

describe('matrices of the reference tree equal the reference', () => {
  it('has the labels in the same order', () => expect(reference.labels).toEqual(golden.labels));
  it('path distances', () => expect([...pathDistances(reference).values]).toEqual(expected('hops')));
  it('depths', () => {
    const depth = depths(reference);
    expect(reference.labels.map((label) => depth.get(label))).toEqual(expected('depth'));
  });
  it('depths of the lowest common ancestor', () =>
    expect([...lcaDepths(reference).values]).toEqual(expected('lca_depth')));
  it("the first implementation's matrices: distances, and inverse distances, in rows of length 1", () => {
    const distance = normalizeMatrix(pathDistances(reference), 'row-l2').values;
    const cost = normalizeMatrix(normalizeMatrix(pathDistances(reference), 'inverse'), 'row-l2').values;
    expected('distance_row_l2').forEach((value, i) => expect(Math.abs(distance[i] - value)).toBeLessThan(1e-7));
    expected('cost_row_l2').forEach((value, i) => expect(Math.abs(cost[i] - value)).toBeLessThan(1e-7));
    const published = Object.values(golden.published_matrices).map(({ float32_values }) => float32_values.flat());
    published[0].forEach((value, i) => expect(Math.abs(distance[i] - value)).toBeLessThan(2e-7));
    published[1].forEach((value, i) => expect(Math.abs(cost[i] - value)).toBeLessThan(2e-7));
  });
  it('the similarity made of it: symmetric, 0 on the diagonal', () => {
    const { values } = referenceSimilarity(reference);
    const cost = expected('cost_row_l2');
    cost.forEach((value, i) => {
      const transposed = cost[(i % 14) * 14 + Math.floor(i / 14)];
      expect(Math.abs(values[i] - (value + transposed) / 2)).toBeLessThan(1e-7);
    });
  });
  it('Wu-Palmer similarities', () => {
    expected('wu_palmer').forEach((value, i) => expect(wuPalmer(reference).values[i]).toBeCloseTo(value, 6));
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
    const related = lineageMatrix(new LabelGraph(labelSet('chexpert-14')));
    const place = (name: string): number => related.labels.indexOf(name);
    expect(at(related, place('Edema'), place('Lung Opacity'))).toBe(1);
    expect(at(related, place('Lung Opacity'), place('Pneumonia'))).toBe(1);
    expect(at(related, place('Edema'), place('Atelectasis'))).toBe(0);
    expect(at(related, 3, 3)).toBe(0);
  });
  it('the deepest common ancestor is what a search through all pairs of chains finds', () => {
    fc.assert(
      fc.property(randomGraph, (graph) => {
        const lca = lcaDepths(graph);
        const depth = depths(graph);
        const chain = (label: string): string[] => [label, ...graph.parents(label).flatMap((parent) => chain(parent))];
        graph.labels.forEach((a, i) =>
          graph.labels.forEach((b, j) => {
            const shared = chain(a).filter((name) => chain(b).includes(name));
            expect(at(lca, i, j)).toBe(Math.max(0, ...shared.map((name) => depth.get(name)!)));
          }),
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe('Lin similarity', () => {
  const graph = new LabelGraph({
    name: 'lin',
    labels: [
      { name: 'lung' },
      { name: 'edema', parents: ['lung'] },
      { name: 'mass', parents: ['lung'] },
      { name: 'bone' },
    ],
  });
  const positives = new Map([
    ['lung', 49],
    ['edema', 24],
    ['mass', 4],
    ['bone', 9],
  ]);
  it('is 2 IC(common) / (IC + IC), worked by hand', () => {
    const matrix = lin(graph, { rows: 99, positives });
    // p: lung ½, edema ¼, mass 1/20, bone 1/10
    expect(at(matrix, 1, 2)).toBeCloseTo((2 * Math.log(2)) / (Math.log(4) + Math.log(20)), 6);
    expect(at(matrix, 0, 1)).toBeCloseTo((2 * Math.log(2)) / (Math.log(2) + Math.log(4)), 6);
    expect(at(matrix, 0, 3)).toBe(0);
    expect(at(matrix, 3, 3)).toBe(1);
  });
  it('stays in [0, 1], symmetric, and finite where nothing was seen or always', () => {
    const cells = fc.array(fc.constantFrom(0, 1), { minLength: 36, maxLength: 36 });
    fc.assert(
      fc.property(randomGraph, cells, (random, values) => {
        const n = random.labels.length;
        const matrix = labelMatrix('lin', random, values.slice(0, n * Math.floor(36 / n)));
        random.labels.forEach((_a, i) =>
          random.labels.forEach((_b, j) => {
            expect(at(matrix, i, j)).toBeGreaterThanOrEqual(0);
            expect(at(matrix, i, j)).toBeLessThanOrEqual(1 + 1e-6);
            expect(at(matrix, i, j)).toBe(at(matrix, j, i));
          }),
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe('speed', () => {
  // 25 ms outside Jest (npm run bench -- graph), where a test's globals are slow.
  it('all matrices of a graph of 200 labels with several parents take no time that is felt', () => {
    const labels = Array.from({ length: 200 }, (_, i) => ({
      name: `n${i}`,
      parents: i < 3 ? [] : [...new Set([`n${Math.floor(i / 3)}`, `n${(i * 7) % i}`])],
    }));
    const cells = Float32Array.from({ length: 200 * 500 }, (_, i) => ((i * 2654435761) % 97 < 5 ? 1 : 0));
    const once = (): number => {
      const graph = new LabelGraph({ name: 'large', labels });
      const began = performance.now();
      for (const kind of matrixKinds) labelMatrix(kind, graph, cells);
      return performance.now() - began;
    };
    expect(Math.min(...Array.from({ length: 7 }, once))).toBeLessThan(1000);
  });
});
