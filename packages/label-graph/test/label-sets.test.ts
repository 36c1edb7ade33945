import {
  findFinding,
  findings,
  LabelGraph,
  labelSet,
  labelSetFor,
  labelSetNames,
  mapLabels,
  normalizeLabel,
} from '../src/index.js';

describe('labelSet(name)', () => {
  const sizes: Record<string, number> = {
    'chexpert-14': 14,
    'mimic-cxr-14': 14,
    'nih-14': 14,
    'seed-14': 14,
    'cxr-lt-26': 26,
    'cxr-lt-40': 40,
    'cxr-lt-45': 45,
    'vindr-cxr-28': 28,
    padchest: 193,
    'rsna-3': 3,
    'covid-chestxray': 26,
  };
  it('knows every public set', () => expect([...labelSetNames].sort()).toEqual(Object.keys(sizes).sort()));
  it.each(labelSetNames)('%s is a sound graph with as many labels as are published, and a source', (name) => {
    const set = labelSet(name);
    expect(set.source).toMatch(/arXiv|doi|first implementation/);
    expect(new LabelGraph(set).labels).toHaveLength(sizes[name]);
  });
  it.each(labelSetNames)('%s has no two labels that mean the same, and finds each by its own name', (name) => {
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
    expect(() => labelSet('x')).toThrow('expected one of chexpert-14, mimic-cxr-14');
  });
});

describe('findings', () => {
  it('name every finding once, by any of its words', () => {
    const texts = findings.flatMap(({ name, synonyms = [] }) => [name, ...synonyms].map(normalizeLabel));
    const twice = texts.filter((text, i) => texts.indexOf(text) !== i);
    expect(twice).toEqual([]);
  });
  it('have known parents and well-formed UMLS concepts', () => {
    for (const { name, parents = [], umls } of findings) {
      for (const parent of parents) expect(findFinding(parent)?.name).toBe(parent);
      if (umls !== undefined) expect([name, umls]).toEqual([name, expect.stringMatching(/^C\d{7}$/)]);
    }
  });
  it('are found whatever the case, the spelling and the number', () => {
    expect(findFinding('pulmonary_OEDEMA')?.name).toBe('Edema');
    expect(findFinding('Rib Fractures')?.name).toBe('Rib Fracture');
    expect(findFinding('lung opacities')?.name).toBe('Lung Opacity');
    expect(findFinding('zebra')).toBeUndefined();
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
