import { parseLabelGraph } from '../src/formats.js';
import { determiningLabels, LabelGraph, labelSet, mapAnnotations, mapLabels, mapProbabilities } from '../src/index.js';
import './built-in-sets.js';

const set = (name: string): LabelGraph => new LabelGraph(labelSet(name));
const said = (from: LabelGraph, to: LabelGraph, target: string): string[] =>
  mapLabels(from, to)[target].from.map(({ label, relation }) => `${relation}: ${label}`);

describe('mapLabels(from, to)', () => {
  it('matches labels by synonym, and keeps the order of the target', () => {
    const crosswalk = mapLabels(set('nih-14'), set('chexpert-14'));
    expect(Object.keys(crosswalk)).toEqual(set('chexpert-14').labels);
    expect(crosswalk['Pleural Effusion'].from).toEqual([{ label: 'Effusion', relation: 'same' }]);
    expect(crosswalk['Support Devices'].from).toEqual([]);
  });
  it('says which narrower labels imply a broader one, and that a broader one gives nothing', () => {
    expect(said(set('nih-14'), set('chexpert-14'), 'Lung Lesion')).toEqual(['narrower: Mass', 'narrower: Nodule']);
    expect(said(set('chexpert-14'), set('nih-14'), 'Nodule')).toEqual([
      'broader: Lung Opacity',
      'broader: Lung Lesion',
    ]);
  });
  it("follows the hierarchy of either set: CheXpert's says that cardiomegaly enlarges the cardiomediastinum", () => {
    expect(said(set('nih-14'), set('chexpert-14'), 'Enlarged Cardiomediastinum')).toEqual(['narrower: Cardiomegaly']);
    expect(said(set('nih-14'), set('reference-14'), 'Enlarged Cardiomediastinum')).toEqual([]);
  });
  it('knows that one word means two things: the opacity of RSNA is one suspicious for pneumonia', () => {
    expect(said(set('rsna-3'), set('chexpert-14'), 'Pneumonia')).toEqual(['same: Lung Opacity']);
    expect(said(set('rsna-3'), set('chexpert-14'), 'Lung Opacity')).toEqual(['narrower: Lung Opacity']);
  });
  it('places labels of nobody else by their own parents and synonyms', () => {
    const mine = parseLabelGraph(`
extends: chexpert-14
labels:
  - { name: Lung Gangrene, parents: [Lung Lesion] }
  - { name: Cor Bovinum, synonyms: [enlarged heart] }
`);
    expect(said(mine, set('vindr-cxr-28'), 'Lung Opacity')).toContain('narrower: Lung Gangrene');
    const other = parseLabelGraph('[Gangrene of the Lung, Lung Gangrene]');
    expect(said(mine, other, 'Lung Gangrene')[0]).toBe('same: Lung Gangrene');
    expect(said(other, mine, 'Lung Lesion')).toEqual(['narrower: Lung Gangrene']);
    expect(said(mine, other, 'Gangrene of the Lung')).toEqual([]);
    expect(said(mine, set('nih-14'), 'Cardiomegaly')).toContain('same: Cor Bovinum');
  });
  it('is the identity on every label of a set, with its own hierarchy around', () => {
    const graph = set('cxr-lt-40');
    for (const [label, sources] of Object.entries(mapLabels(graph, graph))) {
      expect(determiningLabels(sources)).toEqual({ relation: 'same', labels: [label] });
    }
  });
  it('does not hang on hierarchies that contradict each other', () => {
    const up = parseLabelGraph('{"labels": ["a", {"name": "b", "parents": ["a"]}]}');
    const down = parseLabelGraph('{"labels": ["b", {"name": "a", "parents": ["b"]}]}');
    expect(said(up, down, 'a')).toEqual(['same: a', 'narrower: b']);
  });
});

describe('mapProbabilities(probabilities, labels, crosswalk)', () => {
  it('takes what means the same, else the largest of what implies it, and leaves out the rest', () => {
    const source = ['Edema', 'Mass', 'Nodule'];
    const from = parseLabelGraph('{"labels": ["Edema", {"name": "Mass", "finding": "Lung Mass"}, "Nodule"]}');
    const to = parseLabelGraph('[Lung Lesion, Pulmonary Edema, Fracture, Multiple Nodules]');
    const mapped = mapProbabilities([0.25, 0.5, 0.75, 1, 0.125, 0], source, mapLabels(from, to));
    expect(mapped.labels).toEqual(['Lung Lesion', 'Pulmonary Edema']);
    expect([...mapped.values]).toEqual([0.75, 0.25, 0.125, 1]);
    expect(mapped.columns).toEqual([[1, 2], [0]]);
  });
});

describe('mapAnnotations(cells, labels, crosswalk)', () => {
  it('copies what means the same, takes presence from below and absence from above, and knows nothing else', () => {
    const from = parseLabelGraph(
      '{"labels": ["Edema", {"name": "Mass", "finding": "Lung Mass"}, "Nodule", "Lung Opacity"]}',
    );
    const to = parseLabelGraph('[Pulmonary Edema, Lung Lesion, Fracture, Atelectasis]');
    const crosswalk = mapLabels(from, to);
    const map = (...row: number[]): number[] => [...mapAnnotations(row, from.labels, crosswalk).values];
    expect(mapAnnotations([], from.labels, crosswalk).labels).toEqual(to.labels);
    expect(map(1, 0, 1, 1)).toEqual([1, 1, NaN, NaN]);
    // No mass and no nodule leave other lesions open; without any opacity there is none.
    expect(map(-1, 0, 0, 1)).toEqual([-1, NaN, NaN, NaN]);
    expect(map(NaN, 0, 0, 0)).toEqual([NaN, 0, NaN, 0]);
    expect(map(0, -1, 0, NaN)).toEqual([0, -1, NaN, NaN]);
  });
});
