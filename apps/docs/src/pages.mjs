// Which pages the site has, and in which order: read from the folders, so that a new page needs no list to be edited.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parse } from 'yaml';
import { root } from '../../../tools/scripts/workspace.mjs';

/** Sections of the menu by the folder in apps/docs; another folder becomes a section after these, named after itself. */
const sections = {
  tutorials: 'Tutorials',
  'how-to': 'How-to guides',
  reference: 'Reference',
  explanation: 'Explanation',
  results: 'Results',
  decisions: 'Architecture decisions',
  packages: 'Packages and tools',
  project: 'The project',
};
/** Folders within a section. */
const groups = { api: 'JavaScript API', command: 'Commands', decisions: 'Architecture decisions' };

const docs = 'apps/docs/';

/** What git tracks or would track, as paths from the root. */
export function trackedFiles() {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  return new Set(execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean));
}

/**
 * A page: where its Markdown lies (`source`, from the root), where it goes in the site (`path`), its section and its group in it,
 * its title, its place in the menu, and the Markdown itself. A generated page has the source that it would have.
 */
export function pageOf(source, text = readFileSync(join(root, source), 'utf8')) {
  const { attributes, body } = frontMatter(text, source);
  const [section, path] = placeOf(source);
  const inSection = path.split('/').slice(1, -1);
  const heading = /^# (.+)$/m.exec(body)?.[1];
  return {
    source,
    path,
    section,
    group: inSection.length > 0 ? (groups[inSection[0]] ?? titleOf(inSection[0])) : undefined,
    title: plain(attributes.title ?? heading ?? titleOf(basename(path, '.html'))),
    order: attributes.order ?? Infinity,
    layout: attributes.layout,
    body,
  };
}

function frontMatter(text, source) {
  const [whole, yaml] = /^---\n([\s\S]*?)\n---\n/.exec(text) ?? ['', ''];
  const attributes = parse(yaml) ?? {};
  const known = ['title', 'order', 'layout'];
  const strange = Object.keys(attributes).find((key) => !known.includes(key));
  if (strange) throw new Error(`${source}: expected front matter with ${known.join(', ')}, got ${strange}`);
  return { attributes, body: text.slice(whole.length) };
}

/** Section and path in the site of a Markdown file. */
function placeOf(source) {
  const path = source.replace(/\.md$/, '.html');
  if (source.startsWith(docs)) {
    const inside = path.slice(docs.length).replace(/(^|\/)README\.html$/, '$1index.html');
    return [inside.includes('/') ? inside.split('/')[0] : undefined, inside];
  }
  if (!source.includes('/')) return ['project', `project/${path.toLowerCase()}`];
  const [, name, ...rest] = path.split('/');
  const file = rest.join('-');
  return [
    'packages',
    `packages/${file === 'README.html' ? name : `${name}-${file.toLowerCase()}`}`.replace(/(\.html)?$/, '.html'),
  ];
}

const titleOf = (name) => `${name[0].toUpperCase()}${name.slice(1)}`.replaceAll('-', ' ');
const plain = (title) => title.replace(/[`*_]/g, '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');

/** The pages that are files: everything in apps/docs, and the pages of the root, the packages, apps and tools. */
export function filePages(files) {
  return [...files]
    .filter((file) => file.endsWith('.md') && !file.startsWith('.') && basename(file) !== 'api-report.md')
    .filter(
      (file) =>
        file.startsWith(docs) || file.split('/').length === 1 || /^(packages|apps|tools)\/[^/]+\/[^/]+$/.test(file),
    )
    .map((file) => ({ ...pageOf(file), isFile: true }));
}

/** Sections in order, each with its pages, and the groups in it. @param pages all of the site. */
export function menuOf(pages) {
  const byPlace = (a, b) => a.order - b.order || a.title.localeCompare(b.title, 'en', { sensitivity: 'base' });
  const names = [...new Set(pages.map(({ section }) => section).filter(Boolean))];
  const known = Object.keys(sections);
  const rank = (name) => (known.includes(name) ? known.indexOf(name) : known.length);
  return names
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
    .map((name) => {
      const inside = pages.filter((page) => page.section === name && dirname(page.path) + '/index.html' !== page.path);
      const groupNames = [...new Set(inside.map(({ group }) => group).filter(Boolean))].sort();
      return {
        name,
        title: sections[name] ?? titleOf(name),
        path: `${name}/index.html`,
        pages: inside.filter(({ group }) => group === undefined).sort(byPlace),
        groups: groupNames.map((title) => ({
          title,
          pages: inside.filter(({ group }) => group === title).sort(byPlace),
        })),
      };
    });
}
