import { LabelGraph, labelSet, labelSetFor, labelSetNames } from '../src/index.js';

describe('labelSet(name)', () => {
  it.each(labelSetNames)('%s is a sound graph of 14 labels with a source', (name) => {
    const set = labelSet(name);
    expect(set.source).toBeTruthy();
    expect(new LabelGraph(set).labels).toHaveLength(14);
  });
  it('refuses an unknown name and says which there are', () => {
    expect(() => labelSet('x')).toThrow('expected one of chexpert-14, nih-14, seed-14, got "x"');
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
