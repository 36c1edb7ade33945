import fc from 'fast-check';
import { labelGraphFormat, labelGraphFormats, readLabelGraph, toGraphology, writeLabelGraph } from '../src/formats.js';
import {
  defaultRoot,
  type LabelDefinition,
  LabelGraph,
  LabelGraphError,
  labelSet,
  labelSetNames,
} from '../src/index.js';
import './built-in-sets.js';

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
        associatedTerms: fc.array(text, { minLength: 1, maxLength: 2 }),
        finding: fc.constantFrom('Edema', 'lung mass', 'Own Finding'),
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
      findings: { 'Own Finding': { synonyms: ['own <word>'], parents: ['Edema'] } },
      labels: grouped,
      order: order.reverse(),
    });
  });

describe('writeLabelGraph, then readLabelGraph', () => {
  it.each(labelGraphFormats)('%s gives every shipped set again', (format) => {
    for (const name of labelSetNames()) {
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

describe('files of names that every JavaScript object has, and of a root of its own', () => {
  const hostile = new LabelGraph({
    name: 'x',
    root: 'valueOf',
    labels: [{ name: '__proto__' }, { name: 'constructor', parents: ['__proto__'] }, { name: 'toString' }],
  });
  it.each(labelGraphFormats)('%s gives the graph again', (format) => {
    const again = readLabelGraph(writeLabelGraph(hostile, format), `x.${format}`);
    expect(again.toDefinition()).toEqual(hostile.toDefinition());
  });
  it('refuses them as identifiers of another program', () => {
    const file = `<graphml><graph edgedefault="directed"><node id="__proto__"/><node id="constructor"/><edge source="__proto__" target="constructor"/></graph></graphml>`;
    expect(() => readLabelGraph(file, 'x.graphml')).toThrow(
      'x.graphml: expected GraphML with edges from parent to child, got the id __proto__, which every object has; write label:__proto__',
    );
  });
  it('become a graphology graph under another name', () => {
    const graph = toGraphology(hostile);
    expect(graph.nodes()).toEqual(['label:valueOf', 'label:__proto__', 'label:constructor', 'label:toString']);
    expect(graph.outNeighbors('label:__proto__')).toEqual(['label:constructor']);
    const nih = toGraphology(new LabelGraph(labelSet('nih-14')));
    expect(nih.inNeighbors('Mass')).toEqual(['Lung Opacity']);
    expect(nih.getNodeAttribute('Mass', 'finding')).toBe('Lung Mass');
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
        `<nodes><node id="0" label="${defaultRoot}"/><node id="1" label="Opacity"/><node id="2" label="Edema"/></nodes><edges><edge id="0" source="0" target="1"/><edge id="1" source="1" target="2"/></edges>`,
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
    [
      'x.gexf',
      '<html></html>',
      'expected GEXF with edges from parent to child, got the element <html> instead of <gexf>',
    ],
    ['x.graphml', 'zebra', 'got text outside of the elements in line 1'],
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
    expect(() => readLabelGraph(content, file)).toThrow(LabelGraphError);
    expect(() => readLabelGraph(content, file)).toThrow(message);
    expect(() => readLabelGraph(content, file)).toThrow(file);
  });
  it('refuses documents that declare entities', () => {
    const bomb = `<?xml version="1.0"?><!DOCTYPE g [<!ENTITY a SYSTEM "file:///etc/passwd">]><graphml><graph edgedefault="directed"><node id="&a;"/></graph></graphml>`;
    expect(() => readLabelGraph(bomb, 'x.graphml')).toThrow('got a document type (DOCTYPE) in line 1');
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
