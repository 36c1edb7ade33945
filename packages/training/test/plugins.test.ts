import { loadGraph } from '../src/labels/label-graph-choice.js';
import { use } from '../src/plugins.js';

describe('use(plugin) with a label set', () => {
  it('makes the set and its findings known by name', async () => {
    await use({
      name: 'ours',
      register: ({ registerLabelSet }) =>
        registerLabelSet({
          name: 'our-hospital',
          extends: 'chexpert-14',
          findings: { 'Lung Gangrene': { parents: ['Lung Lesion'], synonyms: ['necrotic lung'] } },
          labels: [{ name: 'Gangrene', finding: 'Lung Gangrene', parents: ['Lung Lesion'] }],
        }),
    });
    const graph = loadGraph('our-hospital');
    expect(graph.labels).toHaveLength(15);
    expect(graph.find('Necrotic Lung')).toBe('Gangrene');
    expect(graph.finding('Gangrene')?.parents).toEqual(['Lung Lesion']);
  });
  it('refuses the name of a built-in one when the plug-in is taken into use', async () => {
    const clash = use({
      name: 'clash',
      register: ({ registerLabelSet }) => registerLabelSet({ name: 'nih-14', labels: [] }),
    });
    await expect(clash).rejects.toThrow('got "nih-14" again; choose another name');
    expect(loadGraph('nih-14').labels).toHaveLength(14);
  });
});

describe('loadGraph(choice)', () => {
  it('takes seed-14 as a second name of reference-14', () => {
    expect(loadGraph('seed-14').toDefinition()).toEqual(loadGraph('reference-14').toDefinition());
  });
});
