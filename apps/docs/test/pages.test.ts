import { readFileSync } from 'node:fs';
import { load } from './load.js';

const { menuOf, pageOf } = await load('apps/docs/src/pages.mjs');
const { overviewOf } = await load('apps/docs/src/template.mjs');

describe('pageOf()', () => {
  it('takes title and place from the heading and the folder', () => {
    expect(pageOf('apps/docs/how-to/train.md', '# Train a `model`\n')).toMatchObject({
      title: 'Train a model',
      section: 'how-to',
      path: 'how-to/train.html',
    });
    expect(pageOf('packages/losses/README.md', '# L\n')).toMatchObject({
      section: 'packages',
      path: 'packages/losses.html',
    });
    expect(pageOf('apps/docs/index.md', '# Home\n').section).toBeUndefined();
  });

  it('takes order and title from the front matter, and refuses other keys by name', () => {
    expect(pageOf('apps/docs/how-to/a.md', '---\norder: 2\ntitle: B\n---\n\n# A\n')).toMatchObject({
      order: 2,
      title: 'B',
    });
    expect(() => pageOf('apps/docs/how-to/a.md', '---\nordr: 2\n---\n')).toThrow(
      /front matter with .*order.*, got ordr/,
    );
  });
});

describe('menuOf()', () => {
  it('has a section for each folder, pages by order and title, and groups for folders in it', () => {
    const pages = [
      pageOf('apps/docs/reference/b.md', '# B\n'),
      pageOf('apps/docs/reference/a.md', '# A\n'),
      pageOf('apps/docs/reference/z.md', '---\norder: 1\n---\n\n# Z\n'),
      pageOf('apps/docs/reference/api/nn.md', '# nn\n'),
      pageOf('apps/docs/tutorials/t.md', '# T\n'),
      pageOf('apps/docs/new-folder/n.md', '# N\n'),
    ];
    const menu = menuOf(pages) as { title: string; pages: { title: string }[]; groups: { title: string }[] }[];
    expect(menu.map(({ title }) => title)).toEqual(['Tutorials', 'Reference', 'New folder']);
    expect(menu[1].pages.map(({ title }) => title)).toEqual(['Z', 'A', 'B']);
    expect(menu[1].groups).toMatchObject([{ title: 'JavaScript API', pages: [{ title: 'nn' }] }]);
  });
});

describe('overviewOf()', () => {
  it('lists the pages of a section, each with its first sentence, and the groups below headings', () => {
    const [section] = menuOf([pageOf('apps/docs/how-to/a.md', '# A\n'), pageOf('apps/docs/how-to/more/b.md', '# B\n')]);
    const text = overviewOf(section, new Map([['apps/docs/how-to/a.md', 'What A does.']]));
    expect(text).toContain('# How-to guides\n\n- [A](/apps/docs/how-to/a.md): What A does.\n');
    expect(text).toContain('## More\n\n- [B](/apps/docs/how-to/more/b.md): B');
  });
});

describe('the glossary', () => {
  it('has its words in alphabetical order', () => {
    const text = readFileSync(new URL('../reference/glossary.md', import.meta.url), 'utf8');
    const words = [...text.matchAll(/^### (.+)$/gm)].map(([, word]) => word);
    expect(words).toEqual([...words].sort((a, b) => a.localeCompare(b, 'en', { sensitivity: 'base' })));
    expect(words.length).toBeGreaterThan(40);
  });
});
