import {
  drawTree,
  enforceHierarchy,
  fitToColumns,
  labelGraphFromPaths,
  LabelGraph,
  LabelGraphError,
  labelMatrix,
  labelSet,
  labelSetNames,
  mapLabels,
  matchColumns,
  matrixKinds,
  propagateToAncestors,
} from '../src/index.js';
import './built-in-sets.js';

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
    const reference = new LabelGraph(labelSet('reference-14'));
    expect(reference.labelEdges()).toEqual(
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
    for (const name of labelSetNames()) {
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

describe('new LabelGraph(definition)', () => {
  it('takes over what it extends, by name or as a definition', () => {
    const labels = [{ name: 'Lung Abscess', parents: ['Lung Lesion'] }];
    for (const extended of ['chexpert-14', labelSet('chexpert-14')]) {
      const mine = new LabelGraph({ name: 'mine', extends: extended, labels });
      expect(mine.labels).toHaveLength(15);
      expect(mine.ancestors('Lung Abscess')).toEqual(['Lung Lesion', 'Lung Opacity']);
    }
    expect(() => new LabelGraph({ name: 'mine', extends: 'chexpert-41', labels })).toThrow(
      'got "chexpert-41"; did you mean "chexpert-14"?',
    );
  });
  it('refuses a finding that nobody knows, and names the nearest', () => {
    const misspelt = { name: 'x', labels: [{ name: 'Shadow', finding: 'Pnuemonia' }] };
    expect(() => new LabelGraph(misspelt)).toThrow(expect.objectContaining({ kind: 'unknown-finding' }));
    expect(() => new LabelGraph(misspelt)).toThrow(
      'label-graph/x: expected the finding of "Shadow" to be known, got "Pnuemonia"; did you mean "Pneumonia"? Otherwise declare a new finding under "findings"',
    );
    expect(new LabelGraph({ ...misspelt, findings: { Pnuemonia: {} } }).finding('Shadow')?.name).toBe('Pnuemonia');
  });
  it('refuses unknown keys, also from plain JavaScript', () => {
    const labels = [{ name: 'a', synonym: ['b'] }];
    expect(() => new LabelGraph({ name: 'x', labels } as never)).toThrow('got synonym; did you mean "synonyms"?');
    expect(() => new LabelGraph({ name: 'x', lables: [] } as never)).toThrow('got lables; did you mean "labels"?');
    expect(() => new LabelGraph(undefined as never)).toThrow('expected an object');
  });
  it('has a root of its own', () => {
    const mine = new LabelGraph({ name: 'x', root: '胸片', labels: [{ name: 'Chest X-ray Findings' }, { name: 'b' }] });
    expect(mine.root).toBe('胸片');
    expect(mine.children('胸片')).toEqual(['Chest X-ray Findings', 'b']);
    expect(mine.topologicalOrder()[0]).toBe('胸片');
    expect(new LabelGraph(mine.toDefinition()).root).toBe('胸片');
    expect(() => new LabelGraph({ name: 'x', root: 'b', labels: [{ name: 'b' }] })).toThrow('got "b" twice');
  });
  it('gives a label the words of its finding, but for those that another label has', () => {
    const mine = new LabelGraph({
      name: 'x',
      labels: [{ name: 'Edema' }, { name: 'Edema of the Newborn', synonyms: ['lung edema'] }],
    });
    expect(mine.find('pulmonary edema')).toBe('Edema');
    expect(mine.find('lung edema')).toBe('Edema of the Newborn');
  });
  it('takes names that every JavaScript object has', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];
    const hostile = new LabelGraph({
      name: 'x',
      labels: names.map((name, i) => ({ name, parents: names.slice(0, i) })),
    });
    expect(hostile.labels).toEqual(names);
    expect(hostile.ancestors('valueOf').sort()).toEqual(names.slice(0, 4).sort());
    expect(hostile.descendants('__proto__')).toEqual(names.slice(1));
    expect(hostile.labelEdges()).toHaveLength(10);
    expect(hostile.find('to string')).toBeUndefined();
    expect(hostile.find('TOSTRING')).toBe('toString');
    expect(Object.keys(mapLabels(hostile, hostile))).toEqual(names);
    expect(mapLabels(hostile, hostile)['__proto__'].from[0]).toEqual({ label: '__proto__', relation: 'same' });
    for (const kind of matrixKinds) expect(labelMatrix(kind, hostile, [1, 0, 1, 0, 1]).labels).toEqual(names);
    expect(propagateToAncestors([0, 0, 0, 0, 1], hostile).values).toEqual(Float32Array.of(1, 1, 1, 1, 1));
    expect(matchColumns(hostile, names).faults).toEqual([]);
    expect(fitToColumns(hostile, [...names].reverse()).labels).toEqual([...names].reverse());
    expect(drawTree(hostile).split('\n')[1]).toBe('└─ __proto__');
    expect(labelGraphFromPaths(['__proto__', '__proto__/a']).parents('__proto__/a')).toEqual(['__proto__']);
  });
  it('walks a layered graph of 40 layers at once', () => {
    const layers = Array.from({ length: 40 }, (_, layer) =>
      ['x', 'y', 'z'].map((at) => ({
        name: `L${layer}${at}`,
        group: layer > 0 && layer < 39,
        parents: layer === 0 ? [] : ['x', 'y', 'z'].map((above) => `L${layer - 1}${above}`),
      })),
    );
    const began = performance.now();
    const dag = new LabelGraph({ name: 'dag', labels: layers.flat() });
    expect(dag.ancestors('L39x')).toHaveLength(117);
    expect(dag.descendants('L0x')).toHaveLength(117);
    expect(dag.labelEdges()).toHaveLength(9);
    expect(drawTree(dag).split('\n').length).toBeLessThan(600);
    mapLabels(dag, dag);
    for (const kind of matrixKinds) labelMatrix(kind, dag, [1, 0, 1, 0, 1, 0]);
    enforceHierarchy([0, 0, 0, 1, 0, 0], dag);
    new LabelGraph(dag.toDefinition());
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
