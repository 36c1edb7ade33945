import fc from 'fast-check';
import { findCycle, reachable, topologicalOrder } from '../src/hierarchy.js';

/** Parents of n0, n1, …, each with any of the others above it, cycles allowed. */
const anyEdges = fc
  .array(fc.array(fc.nat({ max: 7 }), { maxLength: 3 }), { minLength: 1, maxLength: 8 })
  .map(
    (picks) => new Map(picks.map((parents, i) => [`n${i}`, [...new Set(parents.map((p) => `n${p % picks.length}`))]])),
  );

function childrenOf(parents: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  return new Map(
    [...parents.keys()].map((name) => [
      name,
      [...parents].filter(([, above]) => above.includes(name)).map(([child]) => child),
    ]),
  );
}

describe('findCycle(nodes, parents)', () => {
  it('finds a cycle from parent to child exactly where no order has parents first', () => {
    fc.assert(
      fc.property(anyEdges, (parents) => {
        const cycle = findCycle(parents.keys(), (name) => parents.get(name)!);
        const order = topologicalOrder(parents, childrenOf(parents));
        expect(cycle === undefined).toBe(order.length === parents.size);
        if (!cycle) return;
        expect(cycle[0]).toBe(cycle[cycle.length - 1]);
        for (let i = 1; i < cycle.length; i++) expect(parents.get(cycle[i])).toContain(cycle[i - 1]);
      }),
    );
  });
  it('takes a chain of 20,000 nodes', () => {
    expect(findCycle(['n0'], (name) => (name === 'n20000' ? [] : [`n${Number(name.slice(1)) + 1}`]))).toBeUndefined();
  });
});

describe('reachable(start, next)', () => {
  it('visits each node once, nearest first, and does not return to the start', () => {
    const next: Record<string, string[]> = { a: ['b', 'c'], b: ['d', 'a'], c: ['d', 'e'], d: ['f'], e: [], f: ['a'] };
    let visits = 0;
    const found = reachable('a', (node) => {
      visits++;
      return next[node];
    });
    expect(found).toEqual(['b', 'c', 'd', 'e', 'f']);
    expect(visits).toBe(6);
  });
});
