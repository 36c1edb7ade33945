import { createHash } from 'node:crypto';
import { darkColours, escapeHtml, htmlReport, lightColours } from '../src/index.js';

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

describe('htmlReport(page)', () => {
  const hostile = '<img src=x onerror=alert(1)>';
  const html = htmlReport({
    title: 'Run <b>',
    lead: 'lead',
    notices: [`optimistic ${hostile}`],
    facts: [['for', hostile]],
    sections: [
      {
        heading: 'Scores & more',
        id: 'scores',
        cards: [{ heading: hostile, tone: 'bad', value: hostile, text: hostile, href: '#scores' }],
        paragraphs: ['<script>alert(1)</script>'],
        figures: [{ svg: '<svg></svg>', description: 'a "figure"' }],
        tables: [
          {
            caption: 'table',
            header: ['label', 'AUROC'],
            rows: [
              [hostile, 0.5],
              [{ text: 'b', href: '#scores' }, null],
              ['c', 'A sentence that is too long for a line of a table.'],
              ['d', { text: 'works', tone: 'good' }],
              ['e', '< 0.001'],
            ],
            total: ['macro', '0.5'],
            isStacked: true,
          },
        ],
        sections: [{ heading: hostile, isFolded: true, note: hostile, paragraphs: ['within'] }],
      },
    ],
  });
  it('escapes every text', () => {
    expect(html.match(/<script>/g)).toHaveLength(1);
    expect(html).not.toContain('<img');
    expect(html).toContain('Run &lt;b&gt;');
    expect(html).toContain('aria-label="a &quot;figure&quot;"');
  });
  it('asks for nothing from outside, and allows its own script and style alone', () => {
    expect(html).not.toMatch(/(src|href)="http/);
    const [, style] = /<style>(.*?)<\/style>/s.exec(html)!;
    const [, script] = /<script>(.*?)<\/script>/s.exec(html)!;
    const [, policy] = /Content-Security-Policy" content="([^"]+)"/.exec(html)!;
    expect(policy).toBe(
      `default-src 'none'; img-src data:; style-src ${hash(style)}; script-src ${hash(script)}; base-uri 'none'; form-action 'none'`,
    );
    expect(html).not.toMatch(/<[^>]+ (style|on[a-z]+)=/);
    expect(html).toContain('not a medical device');
  });
  it('marks headers, numbers, text and what is unknown', () => {
    expect(html).toContain('<td data-head="AUROC">0.5</td>');
    expect(html).toContain('<th scope="row"><a href="#scores">b</a></th><td class="empty" data-head="AUROC">–</td>');
    expect(html).toContain('<td class="t w" data-head="AUROC">A sentence that');
    expect(html).toContain('<span class="tone good">works</span>');
    expect(html).toContain('<td data-head="AUROC">&lt; 0.001</td>');
    expect(html).toContain('<tfoot><tr><th scope="row">macro</th>');
  });
  it('folds a section so that a link into it opens it without a script', () => {
    expect(html).toMatch(/<details><summary><h3>.*<div class="opened" id="scores-0">\n<p>within<\/p>/s);
  });
});

describe('the colours of pages', () => {
  const luminance = (colour: string): number => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const c = parseInt(colour.slice(at, at + 2), 16) / 255;
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: string, b: string): number => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  /** A colour over another, as opaque as a cell of a confusion matrix is at most. */
  const over = (a: string, b: string): string =>
    `#${[1, 3, 5]
      .map((at) => Math.round(0.24 * parseInt(a.slice(at, at + 2), 16) + 0.76 * parseInt(b.slice(at, at + 2), 16)))
      .map((channel) => channel.toString(16).padStart(2, '0'))
      .join('')}`;
  it.each([
    ['light', lightColours],
    ['dark', darkColours],
  ])('can be read in the %s', (_, colours) => {
    for (const text of [colours.ink, colours.muted, colours.link])
      for (const ground of [colours.paper, colours.soft]) expect(contrast(text, ground)).toBeGreaterThan(4.5);
    for (const mark of [colours.c0, colours.c1, colours.c2, colours.c3, colours.c4, colours.c5])
      expect(contrast(mark, colours.paper)).toBeGreaterThan(3);
    for (const cell of [colours.c0, colours.c1])
      expect(contrast(colours.ink, over(cell, colours.paper))).toBeGreaterThan(4.5);
  });
});

describe('escapeHtml(text)', () => {
  it('escapes the five signs', () => expect(escapeHtml(`<>&"'`)).toBe('&lt;&gt;&amp;&quot;&#39;'));
});
