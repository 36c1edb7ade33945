import { differencePlot, heatmap, labelTree, rocPanels, trainingCurves } from '../src/index.js';

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

describe('labelTree(nodes)', () => {
  const nodes = [
    { name: 'Lung', parents: [], group: true },
    { name: 'Edema', parents: ['Lung'], note: '12 (3.0 %)', share: 0.03 },
    { name: 'Mass & <Nodule>', parents: ['Edema', 'Lung'] },
    { name: 'Bone', parents: ['Nowhere'] },
  ];
  it('draws a line a node, with remarks, bars and further parents', () => {
    const svg = labelTree(nodes, { title: 'four <nodes>' });
    expect(count(svg, /<circle/g)).toBe(3);
    expect(count(svg, /<path/g)).toBe(2);
    for (const text of ['four &lt;nodes&gt;', '12 (3.0 %)', 'also below Lung', 'Mass &amp; &lt;Nodule&gt;'])
      expect(svg).toContain(text);
    expect(svg).toContain('width="1.8"'); // 3 % of a bar of 60
  });
  it('goes on in further columns, which repeat what is above, and shows every node once', () => {
    const many = Array.from({ length: 190 }, (_, i) => ({
      name: `n${i}`,
      parents: i === 0 ? [] : [`n${i < 100 ? 0 : 1}`],
    }));
    const svg = labelTree(many, { title: 'many', rowsPerColumn: 50 });
    expect(count(svg, /<g transform/g)).toBe(4);
    for (const { name } of many) expect(count(svg, new RegExp(`>${name}<`, 'g'))).toBe(1);
    expect(count(svg, />n0 …</g)).toBe(3);
    expect(Number(/height="(\d+)"/.exec(svg)![1])).toBeLessThan(1000);
  });
});
