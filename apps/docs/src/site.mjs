// Builds the site: every page as one HTML file with relative addresses, which a browser opens from the disk or from any server.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, posix } from 'node:path';
import { build } from 'esbuild';
import { root } from '../../../tools/scripts/workspace.mjs';
import { generatedPages } from './generated.mjs';
import { anchorsOf, kindOf, relativeTo, render, targetOf } from './markdown.mjs';
import { hasDark, makePictures, pictureFolder, pictureNames, unnamedRunFiles } from './pictures.mjs';
import { filePages, menuOf, pageOf, trackedFiles } from './pages.mjs';
import { frame, overviewOf } from './template.mjs';

export const out = join(root, 'apps', 'docs', 'dist');
const longestReadme = 120;
const pictures = ['.png', '.svg', '.jpg', '.webp'];

/**
 * Builds everything into `out`.
 *
 * @param pictures whether those are made that come from runs.
 * @returns the pages; `faults`, what is wrong with links and pictures, a line each; and why there are no pictures, if so.
 */
export async function buildSite({ pictures: hasPictures = true } = {}) {
  const files = trackedFiles();
  const pages = [...filePages(files), ...(await generatedPages())];
  const made = hasPictures ? await makePictures() : { reason: 'not asked for' };
  const faults = [];
  const menu = menuOf(pages);
  const bySource = new Map(pages.map((page) => [page.source, page]));
  const anchors = new Map();
  const assets = new Map();
  const descriptions = new Map();

  rmSync(out, { recursive: true, force: true });
  const rendered = pages.map((page) => ({ page, ...draw(page) }));
  for (const { page, description } of rendered) descriptions.set(page.source, description);
  for (const section of menu) {
    if (pages.some(({ path }) => path === section.path)) continue;
    const page = pageOf(`apps/docs/${section.name}/index.md`, overviewOf(section, descriptions));
    pages.push(page);
    rendered.push({ page, ...draw(page) });
  }
  for (const { page, html, headings, description } of rendered)
    put(page.path, frame({ page, content: html, headings, menu, description }));
  // Sources that pages link to, which may themselves be new pages of the list.
  for (const [file, page] of assets) {
    if (page.isCopied) copy(file, page.path);
    else {
      const { html, headings } = render(page, { link: (href) => href, picture: (src) => ({ src }) });
      put(page.path, frame({ page, content: html, headings, menu, description: file }));
    }
  }
  await putTheme(rendered);
  if (made.folder)
    for (const file of unnamedRunFiles(made.folder, bySource.get('apps/docs/reference/files.md').body))
      faults.push(`apps/docs/reference/files.md: a training writes ${file}, which the page does not name`);
  for (const { source, body } of pages)
    if (/README\.md$/.test(source) && body.split('\n').length - 1 > longestReadme)
      faults.push(
        `${source}: expected at most ${longestReadme} lines, got ${body.split('\n').length - 1}; move what is not the first look to apps/docs`,
      );
  return { pages, faults, withoutPictures: made.reason };

  function draw(page) {
    const fault = (what) => faults.push(`${page.source}: ${what}`);
    return render(page, {
      link: (href) => addressOf(page, href, fault),
      picture: (src, alt) => {
        if (alt.trim() === '') fault(`expected a text for the picture ${src}, got none`);
        const target = targetOf(page.source, src)?.file ?? src;
        if (!target.startsWith(`${pictureFolder}/`)) return { src: addressOf(page, src, fault) };
        return madePicture(page, target.slice(pictureFolder.length + 1), fault);
      },
    });
  }

  /** A picture of those that are made: its address and that of its dark twin; nothing where none could be made. */
  function madePicture(page, name, fault) {
    if (!pictureNames.includes(name)) fault(`expected a picture of ${pictureNames.join(', ')}, got ${name}`);
    if (made.reason || !existsSync(join(made.folder, name))) return {};
    const put = (file) => {
      mkdirSync(join(out, 'pictures'), { recursive: true });
      cpSync(join(made.folder, file), join(out, 'pictures', file));
      return relativeTo(page.path, `pictures/${file}`);
    };
    return { src: put(name), dark: hasDark(made.folder, name) ? put(name.replace('.png', '-dark.png')) : undefined };
  }

  /** Where a link leads in the site. */
  function addressOf(page, href, fault) {
    const target = targetOf(page.source, href);
    if (target === undefined) return href;
    const { file, anchor } = target;
    const other = bySource.get(file) ?? bySource.get(posix.join(file, 'README.md')) ?? sectionAt(file) ?? asset(file);
    if (other === undefined) {
      fault(`the link ${href} leads to no file of the repository`);
      return href;
    }
    if (anchor && other.body !== undefined) {
      if (!anchors.has(other)) anchors.set(other, anchorsOf(other.body));
      if (!anchors.get(other).has(anchor)) fault(`the link ${href} leads to no heading of ${other.source ?? file}`);
    }
    const path = other === page && anchor ? '' : relativeTo(page.path, other.path);
    return path + (anchor ? `#${anchor}` : '');
  }

  function sectionAt(file) {
    if (file === 'apps/docs') return { path: 'index.html' };
    const section = menu.find(({ name }) => `apps/docs/${name}` === file);
    return section && { path: section.path };
  }

  /** A page with a source, a page that lists a folder, or a copy of a picture. */
  function asset(file) {
    if (assets.has(file)) return assets.get(file);
    const inside = [...files].filter((name) => name.startsWith(`${file}/`));
    const kind = kindOf(file);
    if (kind === undefined || (kind === 'file' ? !files.has(file) : inside.length === 0)) return undefined;
    const isPicture = pictures.includes(extname(file));
    const page = isPicture
      ? { path: `files/${file}`, isCopied: true }
      : {
          source: file,
          path: `files/${file}.html`,
          title: file,
          ...(kind === 'folder' ? listing(file, inside) : source(file)),
        };
    assets.set(file, page);
    if (kind === 'folder') inside.forEach((name) => asset(name));
    return page;
  }

  function listing(folder, inside) {
    const lines = inside.map((name) => {
      const other = bySource.get(name);
      const to = other ? other.path : `files/${name}${pictures.includes(extname(name)) ? '' : '.html'}`;
      return `- [${name.slice(folder.length + 1)}](${relativeTo(`files/${folder}.html`, to)})`;
    });
    return { body: `# ${folder}\n\n${lines.join('\n')}\n` };
  }
}

/** The text of a file as a page. */
function source(file) {
  const text = readFileSync(join(root, file), 'utf8');
  const languages = {
    '.mjs': 'js',
    '.ts': 'ts',
    '.json': 'json',
    '.html': 'html',
    '.yaml': 'yaml',
    '.py': 'python',
    '.sh': 'sh',
  };
  if (extname(file) === '.md') return { body: text };
  return { body: `# ${file}\n\n\`\`\`\`\`${languages[extname(file)] ?? ''}\n${text}\n\`\`\`\`\`\n` };
}

function put(path, text) {
  const file = join(out, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function copy(from, to) {
  mkdirSync(dirname(join(out, to)), { recursive: true });
  cpSync(join(root, from), join(out, to));
}

/** Styles, the search script, and the texts that it searches. */
async function putTheme(rendered) {
  const theme = join(import.meta.dirname, 'theme');
  for (const name of readdirSync(theme))
    if (name.endsWith('.css')) put(`assets/${name}`, readFileSync(join(theme, name)));
  await build({
    entryPoints: [join(theme, 'search.js')],
    outfile: join(out, 'assets', 'search.js'),
    bundle: true,
    minify: true,
    format: 'iife',
    logLevel: 'error',
  });
  const texts = rendered.flatMap(({ page, sections }) =>
    sections.map(({ heading, id, text }) => ({
      title: page.title,
      heading,
      text: text.slice(0, 3000),
      path: `${page.path}#${id}`,
    })),
  );
  put('assets/search-texts.js', `globalThis.searchTexts=${JSON.stringify(texts)};\n`);
}
