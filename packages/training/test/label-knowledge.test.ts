import type { Dataset } from '@cxr-align/datasets';
import { LabelGraph } from '@cxr-align/label-graph';
import { chexpert14 } from '@cxr-align/label-graph/sets/chexpert-14';
import { checkConfig } from '../src/config/config.js';
import { ancestorIndices, targetSimilarity } from '../src/labels/label-knowledge.js';
import { graphFor, graphRemarks, inOrderOf } from '../src/labels/label-graph-choice.js';

const chexpert = new LabelGraph(chexpert14);
const named = (...labels: string[]) => ({ name: 'made up', annotations: { labels } });
// Lung Opacity and Edema together in two of five rows, a label that is never there.
const small = graphFor('chexpert-14', named('Edema', 'Lung Opacity', 'Fracture', 'Pneumothorax'));
const cells = Float32Array.of(1, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0);

describe('graphFor(choice, data) and graphRemarks', () => {
  it('fits the graph that was asked for to the columns, and says which labels the data lacks', () => {
    expect(small.labels).toEqual(['Edema', 'Lung Opacity', 'Fracture', 'Pneumothorax']);
    expect(small.parents('Edema')).toEqual(['Lung Opacity']);
    const [remark] = graphRemarks('chexpert-14', named('Edema', 'Lung Opacity'));
    expect(remark).toContain('has labels that the data lacks, which are no targets: No Finding, Enlarged');
    expect(graphRemarks('chexpert-14', named(...chexpert.labels))).toEqual([]);
    expect(graphRemarks('auto', named('Edema'))).toEqual([]);
  });
  it('names the indices of what is above each label', () => {
    expect(ancestorIndices(small)).toEqual([[1], [], [], []]);
  });
});

describe('inOrderOf(graph, dataset)', () => {
  it('puts columns in the order of the graph, whatever their order and spelling', () => {
    const graph = new LabelGraph({ name: 'x', labels: [{ name: 'Edema' }, { name: 'Effusion', synonyms: ['wet'] }] });
    const sample = { id: '', image: '', patient: '', study: '', split: 'train' } as const;
    const data: Dataset = {
      ...{ name: 'x', format: '', reason: '', badRows: [], excluded: [], hasOwnSplits: false },
      ...{ columns: { used: {}, unused: [] }, remarks: [] },
      samples: [sample, sample],
      annotations: {
        labels: ['zebra', 'Wet', 'edema'],
        values: Float32Array.of(9, 1, 0, 9, NaN, -1),
        notLabelled: Uint8Array.of(0, 0, 0, 0, 1, 0),
      },
    };
    const { annotations } = inOrderOf(graph, data);
    expect(annotations.labels).toEqual(['Edema', 'Effusion']);
    expect([...annotations.values]).toEqual([0, 1, -1, NaN]);
    expect([...annotations.notLabelled!]).toEqual([0, 0, 0, 1]);
    expect(() =>
      inOrderOf(graph, { ...data, annotations: { labels: ['edema'], values: Float32Array.of(1, 0) } }),
    ).toThrow('no-column: label-graph/x: expected a column for every label, got none for "Effusion"');
  });
});

describe('targetSimilarity(graph, config, cells)', () => {
  const of = (changes: object) => targetSimilarity(small, checkConfig(changes, 'test'), cells).values;
  it.each(['wu-palmer', 'path', 'reference', 'lin', 'conditional', 'phi', 'pmi', 'jaccard'])(
    '%s is symmetric and finite, also with a label that is never there, and puts related labels closer',
    (graphTarget) => {
      const values = of({ graphTarget });
      for (let i = 0; i < 4; i++) {
        for (let j = 0; j < 4; j++) {
          expect(Number.isFinite(values[4 * i + j])).toBe(true);
          expect(values[4 * i + j]).toBeCloseTo(values[4 * j + i], 6);
        }
      }
      expect(values[1]).toBeGreaterThan(values[2]); // Edema and Lung Opacity, Edema and Fracture
    },
  );
  it('blends in what was counted, both on one scale', () => {
    const [prior, counted] = [of({ graphTarget: 'wu-palmer' }), of({ graphTarget: 'jaccard' })];
    const half = of({ graphCounted: 'jaccard', graphCountedShare: 0.5 });
    expect(half[1]).toBeCloseTo((prior[1] + counted[1]) / 2, 5); // both reach from 0 to 1 already
    expect(of({ graphCounted: 'jaccard', graphCountedShare: 1 })[1]).toBeCloseTo(counted[1], 5);
  });
});
