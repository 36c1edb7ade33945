import { parseLabelGraph } from '../src/formats.js';
import { LabelGraphError } from '../src/index.js';
import './built-in-sets.js';

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
    expect(graph.find('broken bone')).toBe('Fracture');
  });
  it('reads prompts, weights, associated terms and the finding of a label, whose words it takes over', () => {
    const graph = parseLabelGraph(`
labels:
  - name: Coin
    finding: Nodule
    associatedTerms: [round shadow]
    weight: 2.5
    descriptors: [a round spot]
    prompts: { positive: [a coin lesion], negative: [no coin lesion] }
`);
    expect(graph.node('Coin')).toEqual({
      synonyms: ['Nodule', 'pulmonary nodule', 'lung nodule', 'nodular density'],
      umls: 'C0034079',
      group: false,
      finding: 'Nodule',
      associatedTerms: ['round shadow', 'small rounded lesion'],
      weight: 2.5,
      descriptors: ['a round spot'],
      prompts: { positive: ['a coin lesion'], negative: ['no coin lesion'] },
    });
  });
  it('keeps what a label named again does not say, and gives a claimed synonym to the new label', () => {
    const graph = parseLabelGraph(`
extends: chexpert-14
labels:
  - { name: Fracture, weight: 3 }
  - { name: Pulmonary Edema of the Newborn, parents: [Edema], synonyms: [lung edema] }
`);
    expect(graph.node('Fracture').umls).toBe('C0016658');
    expect(graph.node('Fracture').weight).toBe(3);
    expect(graph.find('lung edema')).toBe('Pulmonary Edema of the Newborn');
    expect(graph.find('pulmonary edema')).toBe('Edema');
  });
  it('takes a set over with nothing but extends', () => {
    expect(parseLabelGraph('extends: nih-14').labels).toHaveLength(14);
  });
  it('reads nodes with parents, and a list of names', () => {
    const graph = parseLabelGraph('{"nodes": ["a", "b"], "parent": {"a": null, "b": "a"}, "leaves": ["b"]}');
    expect(graph.ancestors('b')).toEqual(['a']);
    expect(parseLabelGraph('["x", "y"]').labels).toEqual(['x', 'y']);
  });
  it.each([
    ['{"labels": "a"}', 'expected "labels" to be a list'],
    ['{"labels": [], "lables": []}', 'got lables'],
    ['{"labels": [{"name": 3}]}', 'labels[0]: expected "name" to be a text, got 3'],
    ['{"labels": [{"parents": []}]}', 'labels[0]: expected a name'],
    ['{"labels": [{"name": "a", "synonym": []}]}', 'labels[0]: expected the keys name, parents'],
    ['{"labels": [{"name": "a", "constructor": []}]}', 'got constructor'],
    ['{"labels": [{"name": "a", "weight": 0}]}', 'expected "weight" to be a number above 0, got 0'],
    ['{"labels": [{"name": "a", "umls": "32285"}]}', 'a concept such as C0032285'],
    ['{"labels": [{"name": "a", "descriptors": []}]}', 'expected "descriptors" to be a list of texts, one or more'],
    ['{"labels": [{"name": "a", "prompts": {"positive": []}}]}', 'expected "prompts" to be { positive: [texts]'],
    ['{"labels": [{"name": "a", "prompts": {"positive": ["x"], "maybe": ["y"]}}]}', 'expected "prompts"'],
    ['{"name": 3, "labels": []}', 'expected "name" to be a text, got 3'],
    ['{"labels": ["a", "b"], "parent": {"b": 3}}', 'the parent of "b"'],
    [
      '{"nodes": ["a", "b"], "parent": {"b": "a"}, "leaves": ["a"]}',
      'expected "leaves" to be the nodes without children (b), got a',
    ],
    ['{"nodes": ["a"], "parent": {"b": "a"}}', 'expected every child in "parent" to be a node, got "b"'],
    ['{"extends": "zebra"}', 'got "zebra"'],
    ['{"a": [', 'expected JSON or YAML'],
    ['3', 'expected an object or a list of names'],
    ['{"nodes": [1]}', 'expected "nodes"'],
  ])('refuses %s', (text, message) => {
    expect(() => parseLabelGraph(text, 'g.json')).toThrow(LabelGraphError);
    expect(() => parseLabelGraph(text, 'g.json')).toThrow(message);
  });
});
