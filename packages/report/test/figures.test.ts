import {
  confusionPanels,
  differencePlot,
  heatmap,
  intervalPlot,
  labelMap,
  labelTree,
  precisionRecallPanels,
  reliabilityPanels,
  rocPanels,
  stackedBars,
  subgroupPlot,
  thumbnails,
  trainingCurves,
} from '../src/index.js';

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
    const wide = await heatmap(['a', 'b'], [1, 2, 3, 4, 5, 6], 'wide', { columns: ['first', 'second', 'third'] });
    for (const name of ['a', 'b', 'first', 'second', 'third']) expect(wide).toContain(`>${name}<`);
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

describe('the figures of an evaluation', () => {
  it('precision-recall panels have chance as a dashed line and the score above', async () => {
    const line = { model: 'm', recall: [1, 0.5, 0], precision: [0.2, 0.5, 1], averagePrecision: 0.4567 };
    const panels = [
      { label: 'Edema', positives: 9, prevalence: 0.2, lines: [line, { ...line, model: 'n', averagePrecision: null }] },
    ];
    const svg = await precisionRecallPanels(panels);
    for (const text of ['Edema', '9 positive', 'm: 0.457', 'n: undefined', 'recall']) expect(svg).toContain(text);
  });
  it('reliability panels mark their bins', async () => {
    const svg = await reliabilityPanels([{ label: 'Edema', ece: 0.0321, predicted: [0.1, 0.6], observed: [0.2, 0.5] }]);
    expect(svg).toContain('calibration error 0.032');
    expect(svg).toContain('share present');
  });
  it('confusion panels have counts and their share of what is the case', async () => {
    const counts = { truePositives: 30, falsePositives: 5, falseNegatives: 10, trueNegatives: 95 };
    const svg = await confusionPanels([
      { label: '<Edema>', ...counts },
      { label: 'Hernia', truePositives: 0, falsePositives: 7, falseNegatives: 0, trueNegatives: 133 },
    ]);
    for (const text of ['&lt;Edema&gt;', '30 (75 %)', '10 (25 %)', '5 (5 %)', '95 (95 %)', '133 (95 %)', '>0<'])
      expect(svg).toContain(text);
  });
  it('subgroup plots name groups and labels', async () => {
    const svg = await subgroupPlot(
      [
        { label: 'Edema', group: 'F', rate: 0.5, small: false },
        { label: 'Edema', group: '<M>', rate: 0.7, small: true },
        { label: 'Hernia', group: 'F', rate: null, small: true },
      ],
      'by sex',
    );
    for (const text of ['by sex', 'Edema', '&lt;M&gt;']) expect(svg).toContain(text);
    expect(svg).not.toContain('Hernia');
  });
  it('label maps put labels that are alike together, the same for the same numbers', async () => {
    const labels = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'b3', 'b4'];
    const cosines = labels.flatMap((x) => labels.map((y) => (x === y ? 1 : x[0] === y[0] ? 0.9 : 0)));
    const random = () => {
      let state = 1;
      return () => (state = (state * 16807) % 2147483647) / 2147483647;
    };
    const draw = () => labelMap(labels, cosines, { title: 'map', groups: labels.map(([x]) => x), random: random() });
    const svg = await draw();
    expect(await draw()).toBe(svg);
    for (const label of labels) expect(svg).toContain(label);
    expect(() => labelMap(['a'], [1], { title: '', groups: ['a'], random: () => 0 })).toThrow(
      'four labels or more, got 1',
    );
  });
  it('thumbnails hold their images and escape their words', () => {
    const svg = thumbnails([{ png: Uint8Array.of(1, 2, 3), caption: ['<Edema>', 'said 0.9'] }]);
    expect(svg).toContain('data:image/png;base64,AQID');
    expect(svg).toContain('&lt;Edema&gt;');
    expect(thumbnails([])).toMatch(/^<svg/);
  });
});

describe('intervalPlot(rows, titles)', () => {
  it('draws a point and a line a row, in a colour a series, and leaves out what is undefined', async () => {
    const row = (label: string, value: number | null, series: string) => ({
      label,
      value,
      low: 0.1,
      high: 0.3,
      series,
    });
    const svg = await intervalPlot(
      [row('Edema', 0.2, 'ours'), row('Edema', 0.25, 'theirs'), row('Hernia', null, 'ours')],
      {
        title: 'prevalence',
        axis: 'share',
      },
    );
    for (const text of ['prevalence', 'share', 'Edema', 'ours', 'theirs']) expect(svg).toContain(text);
    expect(svg).not.toContain('Hernia');
    expect(count(svg, /#0072B2/gi)).toBeGreaterThan(1);
    expect(count(svg, /#D55E00/gi)).toBeGreaterThan(1);
  });
});

describe('stackedBars(parts, titles)', () => {
  it('draws the parts of each bar', async () => {
    const svg = await stackedBars(
      [
        { bar: '<b>', part: 'present', count: 3 },
        { bar: '<b>', part: 'absent', count: 5 },
      ],
      { title: 'cells', axis: 'rows', colours: ['#111111', '#222222'] },
    );
    expect(svg).toContain('&lt;b&gt;');
    expect(svg).not.toContain('<b>');
    for (const text of ['present', 'absent', '#111111', '#222222']) expect(svg).toContain(text);
  });
});
