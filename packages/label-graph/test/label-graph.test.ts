import { LabelGraph, LabelGraphError, labelSet, labelSetNames } from '../src/index.js';

const graph = new LabelGraph(labelSet('chexpert-14'));

describe('LabelGraph', () => {
  it("holds the CheXpert paper's hierarchy in the order of its table", () => {
    expect(graph.labels).toHaveLength(14);
    expect(graph.labels[5]).toBe('Edema');
    expect(graph.ancestors('Pneumonia')).toEqual(['Consolidation', 'Lung Opacity']);
    expect(graph.descendants('Lung Opacity').sort()).toEqual([
      'Atelectasis',
      'Consolidation',
      'Edema',
      'Lung Lesion',
      'Pneumonia',
    ]);
    expect(graph.parents('Cardiomegaly')).toEqual(['Enlarged Cardiomediastinum']);
    expect(graph.children('Fracture')).toEqual([]);
  });
  it('finds labels by name and synonym, whatever the case and the punctuation', () => {
    expect(graph.find('pleural_effusion')).toBe('Pleural Effusion');
    expect(graph.find('Effusion')).toBe('Pleural Effusion');
    expect(graph.find('Pulmonary Oedema')).toBe('Edema');
    expect(graph.find('Zebra')).toBeUndefined();
  });
  it('steps over groups in the edges between labels', () => {
    const seed = new LabelGraph(labelSet('seed-14'));
    expect(seed.labelEdges()).toEqual(
      ['Consolidation', 'Edema', 'Pneumonia'].map((child) => ({ parent: 'Lung Opacity', child })),
    );
    const grouped = new LabelGraph({
      name: 'grouped',
      labels: [{ name: 'a' }, { name: 'g', group: true, parents: ['a'] }, { name: 'b', parents: ['g'] }],
    });
    expect(grouped.labelEdges()).toEqual([{ parent: 'a', child: 'b' }]);
  });
  it('allows several parents', () => {
    const dag = new LabelGraph({
      name: 'dag',
      labels: [{ name: 'a' }, { name: 'b' }, { name: 'c', parents: ['a', 'b'] }],
    });
    expect(dag.ancestors('c').sort()).toEqual(['a', 'b']);
  });
  it('comes back from its own definition', () => {
    for (const name of labelSetNames) {
      const definition = new LabelGraph(labelSet(name)).toDefinition();
      expect(new LabelGraph(definition).toDefinition()).toEqual(definition);
    }
  });
  const faults: [string, ConstructorParameters<typeof LabelGraph>[0], string, string][] = [
    ['a duplicate', { name: 'x', labels: [{ name: 'a' }, { name: 'a' }] }, 'duplicate', '"a" twice'],
    [
      'two spellings of one name',
      { name: 'x', labels: [{ name: 'Rib_Fracture' }, { name: 'rib fractures' }] },
      'duplicate',
      'got "Rib_Fracture" and "rib fractures"; remove one',
    ],
    [
      'a group without labels',
      { name: 'x', labels: [{ name: 'a' }, { name: 'Bone', group: true }] },
      'orphan',
      'got none below Bone; give it to a label as a parent, or remove it',
    ],
    ['an unknown parent', { name: 'x', labels: [{ name: 'a', parents: ['z'] }] }, 'unknown-parent', 'got "z"'],
    [
      'a cycle',
      {
        name: 'x',
        labels: [
          { name: 'a', parents: ['b'] },
          { name: 'b', parents: ['a'] },
        ],
      },
      'cycle',
      'expected no cycle, got a → b → a; remove one of these edges',
    ],
    [
      'an order that misses a label',
      { name: 'x', labels: [{ name: 'a' }, { name: 'b' }], order: ['a'] },
      'format',
      'without b',
    ],
  ];
  it.each(faults)('refuses %s', (_, definition, kind, message) => {
    try {
      new LabelGraph(definition);
      throw new Error('accepted');
    } catch (error) {
      expect(error).toBeInstanceOf(LabelGraphError);
      expect((error as LabelGraphError).kind).toBe(kind);
      expect((error as LabelGraphError).message).toContain(message);
    }
  });
  it('names its labels when one is unknown', () => {
    expect(() => graph.parents('Zebra')).toThrow('got "Zebra"; its labels are No Finding');
  });
});
