import {
  confusionPanel,
  curvePanel,
  decisionPanel,
  figureGrid,
  heatmap,
  intervalPlot,
  intervalStrip,
  labelMap,
  labelTree,
  precisionRecallPanel,
  reliabilityPanel,
  rocPanel,
  scatterPanel,
  spreadPlot,
  stackedBars,
  standaloneSvg,
  stripAxis,
  thumbnails,
  trainingCurve,
} from '../src/index.js';
import { shortened, textWidth, ticksOf, tickText } from '../src/drawing.js';

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
const hostile = '<script>alert("x")</script>';

const curve = { falsePositiveRate: [0, 0.5, 1], truePositiveRate: [0, 0.9, 1] };
const figures: Record<string, string> = {
  roc: rocPanel([
    { model: 'a', auroc: 0.8123, ...curve },
    { model: hostile, auroc: null, ...curve },
  ]),
  precisionRecall: precisionRecallPanel(
    [{ model: 'm', recall: [1, 0.5, 0], precision: [0.2, 0.5, 1], averagePrecision: 0.4567 }],
    0.2,
  ),
  reliability: reliabilityPanel({ ece: 0.0321, predicted: [0.1, 0.6], observed: [0.2, 0.5] }),
  decision: decisionPanel({ threshold: [0.25, 0.5, 0.75], model: [0.2, 0.1, NaN], all: [0.2, -0.1, -0.8] }),
  confusion: confusionPanel({ truePositives: 329, falsePositives: 5, falseNegatives: 10, trueNegatives: 0 }),
  intervals: intervalPlot(
    [
      { label: 'Edema', value: 0.2, low: 0.1, high: 0.3, series: 'ours' },
      { label: 'Edema', value: 0.25, low: 0.1, high: 0.3, series: hostile },
      { label: 'Hernia', value: null, low: 0.1, high: 0.3, series: 'ours' },
    ],
    { title: 'prevalence', axis: 'share', rule: 0 },
  ),
  strip: intervalStrip([{ value: 0.8, low: 0.7, high: 2 }], { domain: [0.4, 1], rules: [0.5, 1] }),
  bars: stackedBars(
    [
      { bar: hostile, part: 'present', count: 3 },
      { bar: hostile, part: 'blank', count: 5 },
    ],
    { title: 'cells', axis: 'rows', neutral: 'blank' },
  ),
  heatmap: heatmap(['a', hostile], [1, 0.5, NaN, 1], 'similarity'),
  training: trainingCurve('loss', [
    { epoch: 1, series: 'total', value: 2 },
    { epoch: 2, series: 'total', value: null },
  ]),
  tree: labelTree([{ name: '<script>x</script>', parents: [], note: '12 (3.0 %)', share: 0.03 }], { title: 'tree' }),
  spread: spreadPlot(
    [
      { label: 'macro', values: [{ value: 0.7 }, { value: 0.8 }, { value: 0.75 }], mean: 0.75 },
      { label: hostile, values: [{ value: 0.6, series: 1 }, { value: null }], mean: null },
    ],
    { title: 'AUROC by seed', axis: 'AUROC', series: ['trained to the end', hostile], rule: 0.65 },
  ),
  scatter: scatterPanel({
    title: hostile,
    points: [
      { x: 1e-4, y: 0.6 },
      { x: 1e-2, y: 0.8, series: 1 },
      { x: 3e-3, y: null },
    ],
    xTitle: 'learningRate',
    yTitle: 'macro AUROC on validation',
    series: ['trained to the end', hostile],
    isLog: true,
  }),
  thumbnails: thumbnails([{ png: Uint8Array.of(1, 2, 3), caption: [hostile, 'said 0.9'] }]),
};

describe.each(Object.entries(figures))('the %s figure', (name, svg) => {
  it('is as it was looked at', () => expect(svg).toMatchSnapshot());
  it('is at most as wide as a telephone, in the colours of its page, in text of 11 pixels or more', () => {
    expect(Number(/ width="(\d+)"/.exec(svg)![1])).toBeLessThanOrEqual(340);
    for (const [, size] of svg.matchAll(/font-size="(\d+)"/g)) expect(Number(size)).toBeGreaterThanOrEqual(11);
    if (name !== 'heatmap') expect(svg).not.toMatch(/(fill|stroke)="(?!var|none)/);
    expect(svg).not.toContain('style=');
  });
  it('keeps names as text, and becomes a file in light colours', () => {
    expect(svg).not.toContain('<script');
    expect(standaloneSvg(svg)).not.toContain('var(');
  });
});

describe('curvePanel(panel)', () => {
  it('thins long curves, keeps their ends, and leaves out what is not finite', () => {
    const long = Array.from({ length: 5000 }, (_, i) => i / 4999);
    const svg = curvePanel({ title: 't', lines: [{ name: 'm', x: long, y: long }], xTitle: 'x' });
    expect(svg.length).toBeLessThan(4000);
    expect(svg).toContain('M48 198');
    expect(svg).toContain('L254 48');
    expect(curvePanel({ title: 't', lines: [{ name: 'm', x: [0, 1], y: [NaN, NaN] }], xTitle: 'x' })).not.toContain(
      'NaN',
    );
  });
});

describe('trainingCurve(title, points)', () => {
  it('numbers epochs by whole numbers, however few or many there are', () => {
    const epochsOf = (count: number): number[] => {
      const points = Array.from({ length: count }, (_, i) => ({ epoch: i + 1, series: 's', value: i * 1000 }));
      return [...trainingCurve('t', points).matchAll(/text-anchor="middle"[^>]*>([\d.]+)</g)].map(([, text]) =>
        Number(text),
      );
    };
    expect(epochsOf(1)).toEqual([1]);
    expect(epochsOf(3)).toEqual([1, 2, 3]);
    expect(epochsOf(9).every(Number.isInteger)).toBe(true);
    expect(epochsOf(60)).toEqual([20, 40, 60]);
  });
});

describe('heatmap(labels, values, title)', () => {
  it('names rows and columns, and refuses another number of values', () => {
    const wide = heatmap(['a', 'b'], [1, 2, 3, 4, 5, 6], 'wide', { columns: ['first', 'second', 'third'] });
    for (const name of ['a', 'b', 'first', 'second', 'third']) expect(wide).toContain(`>${name}<`);
    expect(() => heatmap(['a', 'b'], [1, 2, 3], 'odd')).toThrow('report/heatmap: expected 2 × 2 values, got 3');
  });
  it('stays small where there are 40,000 cells', () => {
    const labels = Array.from({ length: 200 }, (_, i) => `label ${i}`);
    const values = Float64Array.from({ length: 40_000 }, (_, i) => Math.sin(i));
    expect(heatmap(labels, values, 'large').length).toBeLessThan(500_000);
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
  it('refuses nodes that are below each other, which would be in no place of the tree', () => {
    const circle = [
      { name: 'a', parents: ['b'] },
      { name: 'b', parents: ['a'] },
    ];
    expect(() => labelTree([...nodes, ...circle], { title: 'circle' })).toThrow(
      'report/labelTree: expected no cycle, got a, b below each other',
    );
  });
  it('continues in further columns, which repeat the ancestors, and shows every node once', () => {
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
  it('say what is undefined, and draw no curve of it', () => {
    expect(figures.roc).toContain('0.812');
    expect(figures.roc).toContain('undefined');
    expect(count(figures.roc, /stroke-linejoin/g)).toBe(1);
    expect(figures.intervals).not.toContain('Hernia');
  });
  it('show counts whole, and their share of the actual class', () => {
    for (const text of ['>329<', '>97 %<', '>0<', '>0 %<']) expect(figures.confusion).toContain(text);
  });
  it('draw nothing beyond the scale of a strip, and its numbers above', () => {
    const places = [...figures.strip.matchAll(/[MH](\d+)/g)].map(([, x]) => Number(x));
    expect(Math.max(...places)).toBeLessThanOrEqual(130);
    expect(stripAxis({ domain: [0, 1], rules: [0.5] })).toContain('>0.5<');
    const numbers = (low: number) => [...stripAxis({ domain: [low, 1], rules: [0.5, 0.7, 1] }).matchAll(/>([\d.]+)</g)];
    expect(numbers(0.4).map(([, text]) => text)).toEqual(['0.5', '0.7', '1']);
    expect(numbers(0).map(([, text]) => text)).toEqual(['0.5', '1']);
  });
  it('draw each value of a spread that is defined, and one mean a row', () => {
    const svg = spreadPlot(
      [
        { label: 'a', values: [{ value: 1 }, { value: 3 }], mean: 2 },
        { label: 'b', values: [{ value: null }], mean: null },
      ],
      { title: 't', axis: 'x' },
    );
    expect(count(svg, /<circle/g)).toBe(2);
    // From 1 to 3 over 312 pixels from 14 on.
    expect(svg).toContain('M170 ');
    expect(spreadPlot([], { title: 't', axis: 'x' })).not.toContain('NaN');
  });
  it('scatter points over powers of ten, and over a part of a decade', () => {
    const at = (...x: number[]) =>
      scatterPanel({ title: 't', points: x.map((one) => ({ x: one, y: one })), xTitle: 'x', yTitle: 'y', isLog: true });
    expect(count(figures.scatter, /<(circle|rect) [^>]*fill/g)).toBe(4); // two of them in the legend
    for (const text of ['>1e−4<', '>0.01<']) expect(figures.scatter).toContain(text);
    expect(at(0.02, 0.06)).toContain('>0.05<');
    expect(at(0.02)).not.toContain('NaN');
    const none = scatterPanel({ title: 't', points: [{ x: 1, y: null }], xTitle: 'x', yTitle: 'y' });
    expect(none).not.toContain('NaN');
  });
  it('label maps are the same for the same random numbers, and refuse what does not fit', () => {
    const labels = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'b3', 'b4'];
    const cosines = labels.flatMap((x) => labels.map((y) => (x === y ? 1 : x[0] === y[0] ? 0.9 : 0)));
    const random = () => {
      let state = 1;
      return () => (state = (state * 16807) % 2147483647) / 2147483647;
    };
    const draw = () => labelMap(labels, cosines, { title: 'map', groups: labels.map(([x]) => x), random: random() });
    const svg = draw();
    expect(draw()).toBe(svg);
    for (const label of labels) expect(svg).toContain(`>${label}<`);
    expect(() => labelMap(['a'], [1], { title: '', groups: ['a'], random: () => 0 })).toThrow(
      'four labels or more, got 1',
    );
    expect(() => labelMap(labels, [1], { title: '', groups: labels, random: () => 0 })).toThrow(
      'expected 8 × 8 cosines and 8 groups, got 1 and 8',
    );
  });
});

describe('figureGrid(figures)', () => {
  it('puts figures side by side, each with its caption', () => {
    const svg = figureGrid(
      [
        { svg: figures.roc, caption: 'Edema' },
        { svg: figures.reliability, caption: hostile },
      ],
      { columns: 2 },
    );
    expect(count(svg, /<svg /g)).toBe(3);
    expect(svg).toContain('>Edema<');
    expect(svg).not.toContain('<script');
    expect(figureGrid([])).toMatch(/^<svg/);
  });
});

describe('text in figures', () => {
  it('is shortened by whole characters to what fits', () => {
    const family = '👨‍👩‍👧‍👦'.repeat(20);
    const short = shortened(family, 60);
    expect(textWidth(short)).toBeLessThanOrEqual(60);
    expect(short.replace('…', '').length % '👨‍👩‍👧‍👦'.length).toBe(0);
    expect(shortened('Edema', 60)).toBe('Edema');
  });
  it('has round ticks within the axis', () => {
    expect(ticksOf(0, 1)).toEqual([0, 0.5, 1]);
    expect(ticksOf(-0.05, 0.15)).toEqual([-0.05, 0, 0.05, 0.1, 0.15]);
    expect(ticksOf(3, 3)).toEqual([3]);
    expect([tickText(-0.05), tickText(15000), tickText(0.30000000000000004)]).toEqual(['−0.05', '15k', '0.3']);
  });
});
