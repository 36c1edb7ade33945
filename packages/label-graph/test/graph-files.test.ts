import fc from 'fast-check';
import {
  LabelGraph,
  LabelGraphError,
  labelGraphFormat,
  labelGraphFormats,
  labelSet,
  labelSetNames,
  readLabelGraph,
  rootName,
  writeLabelGraph,
  type LabelDefinition,
} from '../src/index.js';

const text = fc
  .string({ unit: fc.constantFrom(...'aB9 |/&<>"\'é=,:-[]{}#'), minLength: 1, maxLength: 8 })
  .filter((one) => one.trim() === one);

/** Graphs with several parents, groups, and everything that a label may carry. */
const anyGraph = fc
  .array(
    fc.record(
      {
        parents: fc.array(fc.nat(), { maxLength: 3 }),
        synonyms: fc.array(text, { minLength: 1, maxLength: 2 }),
        related: fc.array(text, { minLength: 1, maxLength: 2 }),
        means: text,
        umls: fc.constant('C0032285'),
        weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
        descriptors: fc.array(text, { minLength: 1, maxLength: 2 }),
        prompts: fc.record({ positive: fc.array(text, { minLength: 1, maxLength: 2 }) }),
        suffix: text,
      },
      { requiredKeys: ['parents', 'suffix'] },
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((nodes) => {
    const names = nodes.map(({ suffix }, i) => `n${i} ${suffix}`);
    const labels = nodes.map(({ parents, suffix: _, ...rest }, i): LabelDefinition => {
      const above = i === 0 ? [] : [...new Set(parents.map((parent) => names[parent % i]))];
      return { name: names[i], ...(above.length > 0 && { parents: above }), ...rest };
    });
    const hasChild = new Set(labels.flatMap(({ parents = [] }) => parents));
    const grouped = labels.map((label, i) =>
      i % 3 === 0 && hasChild.has(label.name) ? { ...label, group: true } : label,
    );
    const order = grouped.filter(({ group }) => !group).map(({ name }) => name);
    return new LabelGraph({
      name: 'any & all',
      version: '2',
      source: '<a> "b"',
      labels: grouped,
      order: order.reverse(),
    });
  });

describe('writeLabelGraph, then readLabelGraph', () => {
  it.each(labelGraphFormats)('%s gives every shipped set again', (format) => {
    for (const name of labelSetNames) {
      const graph = new LabelGraph(labelSet(name));
      expect(readLabelGraph(writeLabelGraph(graph, format), `x.${format}`).toDefinition()).toEqual(
        graph.toDefinition(),
      );
    }
  });
  it.each(labelGraphFormats)('%s gives any graph again', (format) => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        expect(readLabelGraph(writeLabelGraph(graph, format), `x.${format}`).toDefinition()).toEqual(
          graph.toDefinition(),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('readLabelGraph(text, file)', () => {
  const gexf = (inside: string, type = 'directed'): string =>
    `<?xml version="1.0"?><gexf version="1.2"><graph defaultedgetype="${type}">${inside}</graph></gexf>`;
  const graphml = (inside: string): string =>
    `<?xml version="1.0"?><graphml><graph edgedefault="directed">${inside}</graph></graphml>`;

  it('reads what other programs write: labels or ids, edges from parent to child', () => {
    const read = readLabelGraph(
      gexf(
        `<nodes><node id="0" label="${rootName}"/><node id="1" label="Opacity"/><node id="2" label="Edema"/></nodes><edges><edge id="0" source="0" target="1"/><edge id="1" source="1" target="2"/></edges>`,
      ),
      'gephi.gexf',
    );
    expect(read.labels).toEqual(['Opacity', 'Edema']);
    expect(read.ancestors('Edema')).toEqual(['Opacity']);
    const plain = readLabelGraph(graphml('<node id="a"/><node id="b"/><edge source="a" target="b"/>'), 'yed.graphml');
    expect(plain.ancestors('b')).toEqual(['a']);
    expect(plain.name).toBe('yed.graphml');
  });
  it.each([
    ['x.gexf', '<html></html>', 'expected GEXF with edges from parent to child, got no element <gexf>'],
    ['x.graphml', 'zebra', 'no element <graphml>'],
    ['x.gexf', '<gexf ', 'expected GEXF'],
    ['x.graphml', graphml('<node id="a"/><edge source="a" target="z"/>'), 'expected GraphML'],
    [
      'x.gexf',
      gexf(
        '<nodes><node id="a"/><node id="b"/></nodes><edges><edge id="0" source="a" target="b"/></edges>',
        'undirected',
      ),
      'expected edges from parent to child, got undirected ones',
    ],
    [
      'x.graphml',
      graphml('<node id="a"/><node id="b"/><edge source="a" target="b"/><edge source="b" target="a"/>'),
      'expected no cycle',
    ],
    ['x.gexf', gexf('<nodes><node id="a" label="x"/><node id="b" label="x"/></nodes>'), '"x" twice'],
  ])('refuses a %s like %.30s', (file, content, message) => {
    const warn = console.warn;
    const error = console.error;
    console.warn = console.error = () => {};
    try {
      expect(() => readLabelGraph(content, file)).toThrow(LabelGraphError);
      expect(() => readLabelGraph(content, file)).toThrow(message);
    } finally {
      Object.assign(console, { warn, error });
    }
  });
  it('does not open entities', () => {
    const bomb = `<?xml version="1.0"?><!DOCTYPE g [<!ENTITY a SYSTEM "file:///etc/passwd">]><graphml><graph edgedefault="directed"><node id="&a;"/></graph></graphml>`;
    const { error, warn } = console;
    console.error = console.warn = () => {};
    try {
      expect(readLabelGraph(bomb, 'x.graphml').labels).toEqual(['&a;']);
    } finally {
      Object.assign(console, { error, warn });
    }
  });
  it('knows a format by the ending of the file', () => {
    expect(['a.yml', 'a.YAML', 'a.gexf', 'a.graphml', 'a.json', 'a'].map(labelGraphFormat)).toEqual([
      'yaml',
      'yaml',
      'gexf',
      'graphml',
      'json',
      'json',
    ]);
  });
});
