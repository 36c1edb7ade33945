import fc from 'fast-check';
import { enforceHierarchy, LabelGraph, propagateToAncestors, violationRate } from '../src/index.js';

const chain = new LabelGraph({
  name: 'chain',
  labels: [{ name: 'a' }, { name: 'b', parents: ['a'] }, { name: 'c', parents: ['b'] }, { name: 'd' }],
});

describe('propagateToAncestors(values, graph)', () => {
  it('lifts a present child to its ancestors and lists the conflict', () => {
    const { values, changed, conflicts } = propagateToAncestors([0, NaN, 1, 0], chain);
    expect([...values]).toEqual([1, 1, 1, 0]);
    expect(changed).toBe(2);
    expect(conflicts).toEqual([{ row: 0, present: 'c', absent: 'a' }]);
  });
  it('makes what lies below an absent label absent, and leaves other unknowns', () => {
    const { values, changed } = propagateToAncestors([0, -1, NaN, NaN, NaN, NaN, NaN, 1], chain);
    expect([...values]).toEqual([0, 0, 0, NaN, NaN, NaN, NaN, 1]);
    expect(changed).toBe(2);
  });
  it('changes nothing the second time', () => {
    const cell = fc.constantFrom(0, 1, -1, NaN);
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell, cell), { maxLength: 6 }), (rows) => {
        const once = propagateToAncestors(rows.flat(), chain);
        expect(propagateToAncestors(once.values, chain)).toMatchObject({ changed: 0, conflicts: [] });
      }),
    );
  });
});

describe('enforceHierarchy(probabilities, graph)', () => {
  it('gives a parent the largest probability below it', () => {
    expect([...enforceHierarchy([0.25, 0.5, 0.75, 0.125], chain)]).toEqual([0.75, 0.75, 0.75, 0.125]);
  });
  it('leaves no violation', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 }), (row) => {
        expect(violationRate(enforceHierarchy(row, chain), chain)).toBe(0);
      }),
    );
  });
});

describe('violationRate(probabilities, graph)', () => {
  it('counts edges on which the child is more probable', () => {
    expect(violationRate([0.5, 0.6, 0.1, 0, 0.5, 0.5, 0.4, 1], chain)).toBe(1 / 4);
  });
  it('is undefined without edges', () => {
    expect(violationRate([0.5], new LabelGraph({ name: 'one', labels: [{ name: 'a' }] }))).toBeNaN();
  });
});

describe('rows', () => {
  it('that are not full, and what is no array, are refused by name', () => {
    for (const one of [propagateToAncestors, enforceHierarchy, violationRate]) {
      expect(() => one([1, 0, 1], chain)).toThrow(`label-graph/${one.name}: expected rows of 4`);
      expect(() => one({ length: 4, dataSync: () => [] } as never, chain)).toThrow(
        'read a tensor by await tensor.data()',
      );
    }
  });
});
