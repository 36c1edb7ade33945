import { drawnLabels, matrixFigure } from '../src/drawn-labels.js';

describe('drawnLabels(positives)', () => {
  it('takes all labels where a page can show them, else those with the most positives, in their order', () => {
    expect(drawnLabels([3, 1, 2])).toEqual({ places: [0, 1, 2], note: '' });
    const positives = Array.from({ length: 500 }, (_, i) => (i * 37) % 500);
    const { places, note } = drawnLabels(positives);
    expect(places).toHaveLength(60);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(Math.min(...places.map((place) => positives[place]))).toBe(440);
    expect(note).toContain('the 60 of 500 labels with the most positives');
  });
});

describe('matrixFigure(labels, values, title, description)', () => {
  it('draws the first 200 rows and columns of a larger matrix, and says so', async () => {
    const labels = Array.from({ length: 203 }, (_, i) => `label ${i}`);
    const { svg, description } = await matrixFigure(labels, new Float64Array(203 * 203), 'title', 'All');
    expect(description).toBe('All; the first 200 of 203 labels');
    expect(svg).toContain('label 199');
    expect(svg).not.toContain('label 200');
    const small = await matrixFigure(labels.slice(0, 2), [1, 0, 0, 1], 'title', 'All');
    expect(small.description).toBe('All');
  });
});
