import { LabelGraph, wuPalmer } from '@cxr-align/label-graph';
import { chexpert14 } from '@cxr-align/label-graph/sets/chexpert-14';
import { countEdges, graphAgreement } from '../src/graph-agreement.js';

const graph = new LabelGraph(chexpert14);

describe('graphAgreement(cosines, graph)', () => {
  it('is 1 for embeddings that follow the graph, with the smallest p there can be', () => {
    const { spearman, mantel, mantelP } = graphAgreement(wuPalmer(graph).values, graph, 0);
    expect(spearman).toBeCloseTo(1, 9);
    expect(mantel).toBeCloseTo(1, 9);
    expect(mantelP).toBe(0.001);
  });
  it('is near 0, with a large p, for embeddings that do not', () => {
    const cosines = Float32Array.from({ length: 196 }, (_, at) => {
      const [i, j] = [Math.floor(at / 14), at % 14].sort((a, b) => a - b);
      return Math.sin(17 * i + 31 * j);
    });
    const { mantel, mantelP } = graphAgreement(cosines, graph, 0);
    expect(Math.abs(mantel!)).toBeLessThan(0.3);
    expect(mantelP).toBeGreaterThan(0.05);
  });
  it('is null for a graph without hierarchy', () => {
    const flat = new LabelGraph({ name: 'flat', labels: ['a', 'b', 'c'].map((name) => ({ name })) });
    expect(graphAgreement(new Float32Array(9).fill(0.5), flat, 0)).toMatchObject({ spearman: null, mantelP: null });
  });
});

describe('countEdges(targets, graph)', () => {
  it('says what the parent is where the child is present', () => {
    const chain = new LabelGraph({ name: 'x', labels: [{ name: 'a' }, { name: 'b', parents: ['a'] }] });
    expect(countEdges([1, 1, 0, 1, NaN, 1, 1, 0, 0, 0], chain)).toEqual([
      { child: 'b', parent: 'a', childPresent: 3, parentPresent: 1, parentAbsent: 1, parentUnknown: 1 },
    ]);
  });
});
