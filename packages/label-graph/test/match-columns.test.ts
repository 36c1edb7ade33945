import { parseLabelGraph } from '../src/formats.js';
import { fitToColumns, LabelGraph, LabelGraphError, labelSet, matchColumns } from '../src/index.js';
import './built-in-sets.js';

const chexpert = new LabelGraph(labelSet('chexpert-14'));

describe('matchColumns(graph, columns)', () => {
  it('matches by name and synonym, and names what is missing on either side, each with a mend', () => {
    const graph = parseLabelGraph('labels: [Edema, Pneumonia, {name: Effusion, synonyms: [wet pleura]}, Zebra]');
    const { matched, missing, unused, faults } = matchColumns(graph, ['edema', 'Wet_Pleura', 'Gnu', 'Pneumonia']);
    expect(matched).toEqual([
      { column: 'edema', label: 'Edema' },
      { column: 'Wet_Pleura', label: 'Effusion' },
      { column: 'Gnu', label: null },
      { column: 'Pneumonia', label: 'Pneumonia' },
    ]);
    expect(missing).toEqual(['Gnu']);
    expect(unused).toEqual(['Zebra']);
    expect(faults.map(({ kind, message }) => [kind, message])).toEqual([
      ['unknown-column', expect.stringContaining('got none for "Gnu"; add it to the labels')],
      ['no-column', expect.stringContaining('expected a column for every label, got none for "Zebra"; add the column')],
    ]);
  });
  it('does not take a group for a label, and refuses two columns for one label', () => {
    const grouped = parseLabelGraph(
      '{"labels": [{"name": "Bone", "group": true}, {"name": "Rib", "parents": ["Bone"]}]}',
    );
    expect(matchColumns(grouped, ['Bone', 'Rib']).missing).toEqual(['Bone']);
    const { faults } = matchColumns(chexpert, ['Effusion', ...chexpert.labels]);
    expect(faults.map(({ kind }) => kind)).toEqual(['duplicate']);
  });
});

describe('fitToColumns(graph, columns)', () => {
  it('names and orders labels as the columns, and makes groups of labels without one', () => {
    const graph = fitToColumns(chexpert, ['Pneumonia', 'Effusion', 'Edema']);
    expect(graph.labels).toEqual(['Pneumonia', 'Effusion', 'Edema']);
    expect(graph.ancestors('Pneumonia')).toEqual(['Consolidation', 'Lung Opacity']);
    expect(graph.node('Consolidation').group).toBe(true);
    expect(graph.synonyms('Effusion')).toContain('Pleural Effusion');
    expect(() => graph.node('Fracture')).toThrow('got "Fracture"');
  });
  it('refuses a column that is no label', () => {
    expect(() => fitToColumns(chexpert, ['Zebra'])).toThrow(LabelGraphError);
    expect(() => fitToColumns(chexpert, ['Zebra'])).toThrow('got none for "Zebra"');
  });
});
