import type { Dataset } from '@cxr-align/datasets';
import { LabelGraph } from '@cxr-align/label-graph';
import { type Config, checkConfig } from '../src/config/config.js';
import { needsTeacher, trainingTargets, truthOf } from '../src/labels/targets.js';

const graph = new LabelGraph({ name: 'x', labels: [{ name: 'Opacity' }, { name: 'Edema', parents: ['Opacity'] }] });
const dataset = (...cells: number[]): Dataset => ({
  name: 'made up',
  format: 'none',
  reason: 'none',
  samples: [],
  annotations: { labels: graph.labels, values: Float32Array.from(cells) },
  badRows: [],
  excluded: [],
  columns: { used: {}, unused: [] },
  remarks: [],
  hasOwnSplits: false,
});
const config = (changes: object = {}): Config => checkConfig(changes, 'test');
const targets = (changes: object, ...cells: number[]) => trainingTargets(config(changes), dataset(...cells), graph);

describe('trainingTargets(config, dataset, graph)', () => {
  it('propagates the labels to their ancestors first if configured, and reports what that changed', () => {
    const { values, propagatedAnnotations, remarks } = targets({ propagateToAncestors: true }, 0, 1, NaN, -1);
    expect([...values]).toEqual([1, 1, 0, NaN]);
    expect(propagatedAnnotations).toBe(1);
    expect(remarks[0]).toBe(
      'propagating labels to their ancestors changed 1 of 4 annotations; 1 rows had a present child of an absent parent',
    );
    expect(targets({}, 0, 1).propagatedAnnotations).toBeNull();
  });
  it('treats labels by policies of their own, and lets the hierarchy decide where asked for', () => {
    expect([...targets({ labelPolicyByLabel: { Edema: 'u-ones' } }, -1, -1).values]).toEqual([NaN, 1]);
    const byHierarchy = targets({ labelPolicy: 'u-hierarchy' }, 0, -1);
    expect([...byHierarchy.values]).toEqual([0, 0]);
    expect(byHierarchy.remarks[0]).toContain('1 annotations decided by the hierarchy');
  });
  it('draws soft targets by the seed', () => {
    const of = (seed: number) => [...targets({ labelPolicy: 'u-ones-smoothed', seed }, -1, -1).values];
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
  });
  it('takes the estimates of a teacher', () => {
    const wanted = config({ labelPolicy: 'u-self-trained', teacher: 'run' });
    expect(needsTeacher(wanted)).toBe(true);
    expect(needsTeacher(config({ labelPolicyByLabel: { Edema: 'u-self-trained' }, teacher: 'run' }))).toBe(true);
    expect(needsTeacher(config())).toBe(false);
    const { values } = trainingTargets(wanted, dataset(1, -1), graph, Float32Array.of(0.5, 0.25));
    expect([...values]).toEqual([1, 0.25]);
  });
  it('refuses a policy for a label that the data lacks', () => {
    expect(() => targets({ labelPolicyByLabel: { Zebra: 'u-ones' } }, 0, 1)).toThrow('(Opacity, Edema), got Zebra');
  });
});

describe('truthOf(dataset, config, graph)', () => {
  it.each([
    ['u-ones', [1, 1]],
    ['u-zeros', [0, 1]],
    ['u-ones-smoothed', [NaN, 1]],
    ['u-multiclass', [NaN, 1]],
  ])('%s: what cannot be scored is unknown', (labelPolicy, wanted) => {
    expect([...truthOf(dataset(-1, 1), config({ labelPolicy }), graph)]).toEqual(wanted);
  });
  it('does not need the teacher again', () => {
    const self = config({ labelPolicy: 'u-self-trained', teacher: 'run' });
    expect([...truthOf(dataset(-1, NaN), self, graph)]).toEqual([NaN, 0]);
  });
});
