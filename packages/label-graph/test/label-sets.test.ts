import {
  LabelGraph,
  labelSet,
  labelSetFor,
  labelSetNames,
  mapLabels,
  registerLabelSet,
  type LabelGraphDefinition,
} from '../src/index.js';
import './built-in-sets.js';

describe('labelSet(name)', () => {
  const sizes: Record<string, number> = {
    'chexpert-14': 14,
    'mimic-cxr-14': 14,
    'nih-14': 14,
    'reference-14': 14,
    'cxr-lt-26': 26,
    'cxr-lt-40': 40,
    'cxr-lt-45': 45,
    'vindr-cxr-28': 28,
    padchest: 193,
    'rsna-3': 3,
    'covid-chestxray': 26,
  };
  it('knows every public set', () => expect([...labelSetNames()].sort()).toEqual(Object.keys(sizes).sort()));
  it.each(labelSetNames())('%s is a sound graph with as many labels as are published, and a source', (name) => {
    const set = labelSet(name);
    expect(set.source).toMatch(/arXiv|doi|first implementation/);
    expect(new LabelGraph(set).labels).toHaveLength(sizes[name]);
  });
  it.each(labelSetNames())('%s has no two labels that mean the same, and finds each by its own name', (name) => {
    const graph = new LabelGraph(labelSet(name));
    for (const [label, { from }] of Object.entries(mapLabels(graph, graph))) {
      expect(from.filter(({ relation }) => relation === 'same').map((source) => source.label)).toEqual([label]);
      expect(graph.find(label)).toBe(label);
    }
  });
  it('takes over what it extends, in an order of its own', () => {
    const graph = new LabelGraph(labelSet('cxr-lt-45'));
    expect(graph.labels.slice(-5)).toEqual(['Bulla', 'Cardiomyopathy', 'Hilum', 'Osteopenia', 'Scoliosis']);
    expect(graph.parents('Hydropneumothorax').sort()).toEqual(['Pleural Effusion', 'Pneumothorax']);
    const mimic = new LabelGraph(labelSet('mimic-cxr-14'));
    expect(mimic.labels).toEqual([...mimic.labels].sort());
    expect(mimic.parents('Edema')).toEqual(['Lung Opacity']);
  });
  it("has PadChest's tree: 174 findings, 19 diagnoses, some with several parents, with UMLS concepts", () => {
    const graph = new LabelGraph(labelSet('padchest'));
    expect(graph.descendants('differential diagnosis')).toHaveLength(19);
    expect(graph.parents('hydropneumothorax').sort()).toEqual(['pleural effusion', 'pneumothorax']);
    expect(graph.node('kerley lines').umls).toBe('C0239019');
  });
  it('gives labels the synonyms of what they mean, which their bare name may not tell', () => {
    const nih = new LabelGraph(labelSet('nih-14'));
    expect(nih.find('pulmonary mass')).toBe('Mass');
    expect(new LabelGraph(labelSet('padchest')).find('pulmonary mass')).toBe('pulmonary mass');
    expect(nih.node('Effusion').umls).toBe('C0032227');
  });
  it('refuses an unknown name and says which there are', () => {
    expect(() => labelSet('chexpert-15')).toThrow(
      'got "chexpert-15"; did you mean "chexpert-14"? Otherwise choose one of chexpert-14, mimic',
    );
  });
});

describe('registerLabelSet(definition)', () => {
  it('makes a set known by its name, to extends, and with its own findings', () => {
    const own: LabelGraphDefinition = {
      name: 'own-set',
      extends: 'rsna-3',
      root: 'Everything',
      findings: { 'Lung Gangrene': { synonyms: ['necrotic lung'] } },
      labels: [{ name: 'Gangrene', finding: 'Lung Gangrene' }],
    };
    registerLabelSet(own);
    registerLabelSet(own);
    expect(labelSetNames()).toContain('own-set');
    const graph = new LabelGraph({ name: 'x', extends: 'own-set', labels: [{ name: 'Edema' }] });
    expect(graph.labels).toEqual([...new LabelGraph(labelSet('rsna-3')).labels, 'Gangrene', 'Edema']);
    expect([graph.root, graph.find('necrotic lung')]).toEqual(['Everything', 'Gangrene']);
    expect(labelSetFor(graph.labels.slice(0, -1))?.name).toBe('own-set');
  });
  it('refuses a name that is taken, a set without a name, and what is no definition', () => {
    expect(() => registerLabelSet({ name: 'nih-14', labels: [] })).toThrow('got "nih-14" again; choose another name');
    expect(() => registerLabelSet({ labels: [] } as never)).toThrow('expected a label set with a name');
    expect(() => registerLabelSet({ name: 'y', lables: [] } as never)).toThrow('did you mean "labels"?');
  });
});

describe('labelSetFor(labels)', () => {
  it('finds the set whatever the order and the spelling, and keeps both', () => {
    const labels = new LabelGraph(labelSet('nih-14')).labels.map((label) => label.replace('_', ' ')).reverse();
    const graph = new LabelGraph(labelSetFor(labels)!);
    expect(graph.labels).toEqual(labels);
    expect(graph.parents('Pleural Thickening')).toEqual(['Pleura']);
  });
  it('finds none for other labels', () => {
    expect(labelSetFor(['Pneumonia'])).toBeUndefined();
  });
});

describe('sets that extend each other', () => {
  it('are refused by name', () => {
    registerLabelSet({ name: 'hen', extends: 'egg', labels: [] });
    registerLabelSet({ name: 'egg', extends: 'hen', labels: [] });
    expect(() => labelSet('hen')).toThrow('got "hen", which extends itself');
  });
});
