import { labelGraphFromPaths, labelsInPaths } from '../src/index.js';

describe('labelGraphFromPaths(labels)', () => {
  it('takes the nearest known path above as the parent', () => {
    const graph = labelGraphFromPaths(['Pneumonia', 'Pneumonia/Viral', 'Pneumonia/Viral/COVID-19', 'Other/Deep/Leaf']);
    expect(graph.ancestors('Pneumonia/Viral/COVID-19')).toEqual(['Pneumonia/Viral', 'Pneumonia']);
    expect(graph.parents('Other/Deep/Leaf')).toEqual([]);
  });
});

describe('labelsInPaths(cells)', () => {
  it('finds every path and every path above one, once, parents first', () => {
    expect(labelsInPaths(['a/b/c', 'a', '', ' x / y |a/b', 'x/y/'])).toEqual(['a', 'a/b', 'a/b/c', 'x', 'x/y']);
  });
});
