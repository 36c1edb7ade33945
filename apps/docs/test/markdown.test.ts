import { load } from './load.js';

const { anchorsOf, render, slug, targetOf, relativeTo } = await load('apps/docs/src/markdown.mjs');

const page = (body: string) =>
  render({ body }, { link: (href: string) => `to:${href}`, picture: (src: string) => ({ src: `at:${src}` }) });

describe('slug()', () => {
  it('makes anchors as hosts of repositories do', () => {
    expect(slug('Add your data set, in five minutes!')).toBe('add-your-data-set-in-five-minutes');
    expect(slug('`--set` key=value')).toBe('--set-keyvalue');
    expect(slug('Größe')).toBe('größe');
  });
});

describe('anchorsOf()', () => {
  it('numbers headings of the same text, and ignores those in code', () => {
    expect([...anchorsOf('# A\n\n## B\n\n## B\n\n```sh\n# no heading\n```\n')]).toEqual(['a', 'b', 'b-1']);
  });
});

describe('render()', () => {
  it('gives every link and picture to its caller', () => {
    const { html } = page('[a](b.md#c) ![what it shows](d.png)');
    expect(html).toContain('href="to:b.md#c"');
    expect(html).toContain('src="at:d.png" alt="what it shows"');
  });

  it('shows a text in the place of a picture that could not be made', () => {
    const { html } = render({ body: '![a report](x.png)' }, { link: String, picture: () => ({}) });
    expect(html).not.toContain('<img');
    expect(html).toContain('a report');
  });

  it('never lets text become HTML, and drops comments except in code', () => {
    const { html } = page('<b>x</b> Map<string>\n\n<!-- marks -->\n\n```html\n<!-- kept -->\n```\n');
    expect(html).toContain('&lt;b&gt;x&lt;/b&gt; Map&lt;string&gt;');
    expect(html).not.toContain('marks');
    expect(html).toContain('kept');
  });

  it('lets tables and code be scrolled by keys', () => {
    const { html } = page('| a |\n| --- |\n| 1 |\n\n```text\nx\n```\n');
    expect(html).toMatch(/class="scroll" tabindex="0"[\s\S]*<th scope="col">a[\s\S]*<pre tabindex="0">/);
  });

  it('has the first sentence as description, and the text below each heading for the search', () => {
    const { description, sections } = page('# A\n\nThe first sentence of it. Another.\n\n## B\n\nwords\n');
    expect(description).toBe('The first sentence of it.');
    expect(sections).toMatchObject([{ heading: 'A' }, { heading: 'B', id: 'b', text: 'words' }]);
  });
});

describe('targetOf()', () => {
  it('resolves links of a page to files of the repository', () => {
    expect(targetOf('apps/docs/how-to/train.md', '../reference/files.md#run-folder')).toEqual({
      file: 'apps/docs/reference/files.md',
      anchor: 'run-folder',
    });
    expect(targetOf('apps/docs/a.md', '/packages/nn/README.md')?.file).toBe('packages/nn/README.md');
    expect(targetOf('a.md', '#x')).toEqual({ file: 'a.md', anchor: 'x' });
    expect(targetOf('a.md', 'https://example.org')).toBeUndefined();
  });
});

describe('relativeTo()', () => {
  it('leads from one page of the site to another, wherever the site lies', () => {
    expect(relativeTo('how-to/train.html', 'reference/files.html')).toBe('../reference/files.html');
    expect(relativeTo('index.html', 'how-to/train.html')).toBe('how-to/train.html');
    expect(relativeTo('how-to/train.html', 'how-to/train.html')).toBe('train.html');
  });
});
