import { labelGraphFromPaths, parseLabelGraph } from '../src/index.js';

describe('parseLabelGraph(text)', () => {
  it('extends a shipped set', () => {
    const graph = parseLabelGraph(`
name: mine
extends: chexpert-14
labels:
  - { name: Lung Abscess, parents: [Lung Lesion], synonyms: [abscess] }
  - { name: Fracture, parents: [Bone] }
  - { name: Bone, group: true }
`);
    expect(graph.labels).toHaveLength(15);
    expect(graph.ancestors('Lung Abscess')).toEqual(['Lung Lesion', 'Lung Opacity']);
    expect(graph.parents('Fracture')).toEqual(['Bone']);
    expect(graph.find('broken rib')).toBe('Fracture');
  });
  it('reads nodes with parents, and a list of names', () => {
    const graph = parseLabelGraph('{"nodes": ["a", "b"], "parent": {"a": null, "b": "a"}}');
    expect(graph.ancestors('b')).toEqual(['a']);
    expect(parseLabelGraph('["x", "y"]').labels).toEqual(['x', 'y']);
  });
  it.each([
    ['{"labels": "a"}', 'expected "labels" to be a list'],
    ['{"labels": [], "lables": []}', 'got lables'],
    ['{"labels": [{"name": 3}]}', 'labels[0]: expected a name'],
    ['{"labels": [{"name": "a", "synonym": []}]}', 'labels[0]: expected a name'],
    ['{"a": [', 'expected JSON or YAML'],
    ['3', 'expected an object or a list of names'],
    ['{"nodes": [1]}', 'expected "nodes"'],
  ])('refuses %s', (text, message) => {
    expect(() => parseLabelGraph(text, 'g.json')).toThrow(`g.json`);
    expect(() => parseLabelGraph(text, 'g.json')).toThrow(message);
  });
});

describe('labelGraphFromPaths(labels)', () => {
  it('takes the nearest known path above as the parent', () => {
    const graph = labelGraphFromPaths(['Pneumonia', 'Pneumonia/Viral', 'Pneumonia/Viral/COVID-19', 'Other/Deep/Leaf']);
    expect(graph.ancestors('Pneumonia/Viral/COVID-19')).toEqual(['Pneumonia/Viral', 'Pneumonia']);
    expect(graph.parents('Other/Deep/Leaf')).toEqual([]);
  });
});
