import { jest } from '@jest/globals';
import { LabelGraphError } from '../src/index.js';
import { readLabelGraph } from '../src/formats.js';

const graphml = (inside: string, before = ''): string =>
  `<?xml version="1.0"?>${before}<graphml><graph edgedefault="directed">${inside}</graph></graphml>`;

describe('graph files that are no XML, or too much of it', () => {
  it.each([
    ['a billion laughs', graphml('<node id="&b;"/>', '<!DOCTYPE g [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>'), 'DOCTYPE'],
    ['an undeclared entity', graphml('<node id="&b;"/>'), 'a reference to something undeclared in line 1'],
    ['a control character', graphml('<node id="a\u001b"/>'), 'a character that XML has not'],
    ['elements 100,000 deep', '<a>'.repeat(100_000), 'elements nested more than 64 deep'],
    ['600,000 elements', graphml('<a/>'.repeat(600_000)), 'more than 500000 elements'],
    ['nine million characters', graphml(' '.repeat(9_000_000)), 'more than 8388608 characters'],
    ['tags that cross', graphml('<node id="a"><data key="k"></node></data>'), '</node> that closes another element'],
    ['an attribute without quotes', graphml('\n<node id=a/>'), 'a broken tag in line 2'],
    ['an end that is missing', '<graphml><graph>', 'no </graph>'],
    ['two graphs', '<graphml></graphml><graphml></graphml>', 'a second outermost element'],
    ['text outside', 'a<graphml></graphml>', 'text outside of the elements'],
    ['a node without an id', graphml('<node/>'), ''],
  ])('refuses %s, and prints nothing', (_, text, message) => {
    const printed = [console.error, console.warn].map((_print, i) => jest.spyOn(console, i === 0 ? 'error' : 'warn'));
    expect(() => readLabelGraph(text, 'x.graphml')).toThrow(LabelGraphError);
    expect(() => readLabelGraph(text, 'x.graphml')).toThrow(message);
    expect(() => readLabelGraph(text, 'x.graphml')).toThrow('x.graphml');
    for (const print of printed) expect(print).not.toHaveBeenCalled();
    jest.restoreAllMocks();
  });
  it('reads comments, CDATA, references and quotes of both kinds', () => {
    const graph = readLabelGraph(
      graphml(`<!-- a --><key id='l' for="node" attr.name="label"/><node id="a"><data key="l"><![CDATA[A]]></data></node>
        <node id='b&amp;&#65;'/><edge source="a" target='b&amp;&#65;'/>`),
      'x.graphml',
    );
    expect(graph.parents('b&A')).toEqual(['A']);
  });
});
