import { escapeHtml, htmlReport } from '../src/index.js';

describe('htmlReport(report)', () => {
  const html = htmlReport({
    title: 'Run <b>',
    lead: 'lead',
    sections: [
      {
        heading: 'Scores & more',
        paragraphs: ['<script>alert(1)</script>'],
        figures: [{ svg: '<svg></svg>', description: 'a "figure"' }],
        tables: [
          {
            caption: 'table',
            header: ['label', 'AUROC'],
            rows: [
              ['<img src=x onerror=alert(1)>', 0.5],
              ['b', null],
            ],
          },
        ],
      },
    ],
  });
  it('escapes every text', () => {
    expect(html).not.toContain('<script>');
    expect(html).not.toContain('<img');
    expect(html).toContain('Run &lt;b&gt;');
    expect(html).toContain('aria-label="a &quot;figure&quot;"');
  });
  it('asks for nothing from outside and marks numbers and headers', () => {
    expect(html).not.toMatch(/(src|href)="http/);
    expect(html).toContain('<td class="number">0.5</td>');
    expect(html).toContain('<th scope="row">b</th><td>–</td>');
    expect(html).toContain('not a medical device');
  });
});

describe('escapeHtml(text)', () => {
  it('escapes the five signs', () => expect(escapeHtml(`<>&"'`)).toBe('&lt;&gt;&amp;&quot;&#39;'));
});
