import { differencePlot, heatmap, rocPanels, trainingCurves } from '../src/index.js';

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

describe('rocPanels(panels)', () => {
  const line = (model: string, auroc: number | null) => ({
    model,
    auroc,
    falsePositiveRate: [0, 0.5, 1],
    truePositiveRate: [0, 0.9, 1],
  });
  it('draws a panel a label, with the AUROC of each model in words', async () => {
    const svg = await rocPanels([
      { label: 'Edema', positives: 12, lines: [line('vision-only', 0.8123), line('aligned', 0.9)] },
      { label: 'Hernia', positives: 0, lines: [line('vision-only', null), line('aligned', NaN)] },
    ]);
    for (const text of ['Edema', '12 positive', 'vision-only: 0.812', 'aligned: 0.900', 'vision-only: undefined'])
      expect(svg).toContain(text);
    expect(count(svg, /#D55E00/gi)).toBeGreaterThan(0);
  });
  it('keeps a label named like a tag as text', async () => {
    const svg = await rocPanels([{ label: '<script>x</script>', positives: 1, lines: [line('a', 0.5)] }]);
    expect(svg).not.toContain('<script>');
    expect(svg).toContain('&lt;script&gt;');
  });
  it('thins long curves and keeps their ends', async () => {
    const long = Array.from({ length: 5000 }, (_, i) => i / 4999);
    const svg = await rocPanels([
      {
        label: 'a',
        positives: 1,
        lines: [{ model: 'm', auroc: 0.5, falsePositiveRate: long, truePositiveRate: long }],
      },
    ]);
    expect(svg.length).toBeLessThan(20_000);
  });
});

describe('other figures', () => {
  it('draw training curves, differences and matrices', async () => {
    expect(
      await trainingCurves([
        {
          title: 'loss',
          points: [
            { epoch: 1, series: 'total', value: 2 },
            { epoch: 2, series: 'total', value: null },
          ],
        },
      ]),
    ).toContain('loss');
    const forest = await differencePlot(
      [
        { label: 'Edema', difference: 0.01, low: -0.02, high: 0.04 },
        { label: 'Hernia', difference: null, low: null, high: null },
      ],
      'B − A',
    );
    expect(forest).toContain('Edema');
    expect(forest).not.toContain('Hernia');
    expect(await heatmap(['a', 'b'], [1, 0.5, 0.5, 1], 'similarity')).toContain('similarity');
  });
});
