import { draftLabelGraph, parseLabelGraph } from '../src/formats.js';
import { LabelGraph, labelSet } from '../src/index.js';
import './built-in-sets.js';

describe('draftLabelGraph(columns, name)', () => {
  it('gives the columns of a known set the hierarchy of that set, groups and all', () => {
    const { yaml, set } = draftLabelGraph(new LabelGraph(labelSet('nih-14')).labels, 'mine');
    expect(set).toBe('nih-14');
    const graph = parseLabelGraph(yaml);
    const nih = new LabelGraph(labelSet('nih-14'));
    expect(graph.labels).toEqual(nih.labels);
    expect(graph.labelEdges()).toEqual(nih.labelEdges());
    expect(graph.parents('Effusion')).toEqual(['Pleura']);
    expect(graph.find('lung mass')).toBe('Mass');
  });
  it('finds parents among columns of other names, from the known findings and from paths', () => {
    const columns = ['Opacity', 'Rib Fractures', 'Fracture', 'Zebra', 'Pneumonia/Viral', 'Pneumonia', 'COVID-19'];
    const { yaml, columns: found } = draftLabelGraph(columns, 'mine');
    const graph = parseLabelGraph(yaml);
    expect(graph.labels).toEqual(columns);
    expect(graph.ancestors('COVID-19')).toEqual(['Pneumonia/Viral', 'Pneumonia', 'Opacity']);
    expect(graph.parents('Rib Fractures')).toEqual(['Fracture']);
    expect(found.filter(({ finding }) => finding === null)).toEqual([{ column: 'Zebra', finding: null, label: null }]);
    expect(yaml).toContain('{name: Zebra} # known nowhere: give it parents and synonyms');
  });
  it('names a parent once where another is in between', () => {
    const graph = parseLabelGraph(draftLabelGraph(['Lung Opacity', 'Consolidation', 'Pneumonia'], 'mine').yaml);
    expect(graph.parents('Pneumonia')).toEqual(['Consolidation']);
    expect(graph.ancestors('Pneumonia')).toContain('Lung Opacity');
  });
  it('refuses two columns that are one but for their spelling', () => {
    expect(() => draftLabelGraph(['Edema', 'edema '], 'mine')).toThrow('got "Edema" and "edema "; remove one');
  });
  it('writes the finding of a label that its name alone would not tell', () => {
    const columns = new LabelGraph(labelSet('rsna-3')).labels;
    const draft = draftLabelGraph(columns, 'mine');
    expect(draft.set).toBe('rsna-3');
    expect(parseLabelGraph(draft.yaml).finding('Lung Opacity')?.name).toBe('Pneumonia');
  });
  it('claims no hierarchy of a set that knows no column', () => {
    const { yaml, set } = draftLabelGraph(['Zebra'], 'mine');
    expect(set).toBeNull();
    expect(yaml).toContain('source: drafted from the columns of a table\n');
  });
});
