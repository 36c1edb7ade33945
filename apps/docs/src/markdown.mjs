// Markdown to HTML: headings with anchors, links that lead to pages of the site, tables and code that scroll on a small screen.
import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize, posix } from 'node:path';
import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import python from 'highlight.js/lib/languages/python';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';
import MarkdownIt from 'markdown-it';
import { root } from '../../../tools/scripts/workspace.mjs';

for (const [name, language] of Object.entries({ bash, javascript, json, python, typescript, xml, yaml }))
  hljs.registerLanguage(name, language);
hljs.registerAliases(['sh'], { languageName: 'bash' });

const markdown = new MarkdownIt({ html: false, linkify: false, highlight });
export const escapeHtml = markdown.utils.escapeHtml;

function highlight(code, language) {
  if (language === 'console')
    return code
      .split('\n')
      .map((line) => (line.startsWith('$ ') ? `<b>${escapeHtml(line)}</b>` : escapeHtml(line)))
      .join('\n');
  return hljs.getLanguage(language) ? hljs.highlight(code, { language }).value : '';
}

/** The anchor of a heading, as the usual hosts of repositories make it. */
export function slug(text) {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

/** The text of an inline token without its marks. */
function textOf({ children }) {
  return children
    .map((one) => (one.type === 'softbreak' ? ' ' : one.type === 'image' ? textOf(one) : one.content))
    .join('');
}

const comments = /<!--[\s\S]*?-->\n*/g;

/** Tokens of a page with anchors at its headings, and the headings. Comments are dropped, but not within code. */
function parsed(body) {
  const parts = body.split(/(^```[\s\S]*?^```\n?)/m);
  const text = parts.map((part) => (part.startsWith('```') ? part : part.replace(comments, ''))).join('');
  const tokens = markdown.parse(text, {});
  const headings = [];
  const seen = new Map();
  tokens.forEach((token, i) => {
    if (token.type !== 'heading_open') return;
    const text = textOf(tokens[i + 1]);
    const base = slug(text);
    const count = seen.get(base) ?? 0;
    seen.set(base, count + 1);
    const id = count === 0 ? base : `${base}-${count}`;
    token.attrSet('id', id);
    headings.push({ level: Number(token.tag[1]), text, id, at: i });
  });
  return { tokens, headings };
}

/** The anchors of a page. */
export function anchorsOf(body) {
  return new Set(parsed(body).headings.map(({ id }) => id));
}

/**
 * A page as HTML.
 *
 * @param link what the target of a link becomes: an address.
 * @param picture what the source of a picture becomes, given its text: the addresses `src` and `dark`, none if there is no picture.
 * @returns `html`, its `headings`, its first sentence as `description`, and its `sections` as plain text for the search.
 */
export function render({ body, layout }, { link, picture }) {
  const { tokens, headings } = parsed(body);
  for (const token of tokens) {
    if (token.type !== 'inline') continue;
    for (const child of token.children) {
      if (child.type === 'link_open') child.attrSet('href', link(child.attrGet('href')));
      if (child.type === 'image') child.meta = picture(child.attrGet('src'), textOf(child));
    }
  }
  const inDoors = layout === 'home' ? withDoors(tokens) : tokens;
  const paragraph = tokens.findIndex(({ type }) => type === 'paragraph_open');
  const description = paragraph < 0 ? '' : firstSentence(textOf(tokens[paragraph + 1]));
  return {
    html: markdown.renderer.render(inDoors, markdown.options, {}),
    headings,
    description,
    sections: sectionsOf(tokens, headings),
  };
}

function firstSentence(text) {
  return /^.{12,}?[.:](?= [A-Z]|$)/s.exec(text)?.[0].replace(/:$/, '.') ?? text;
}

/** Plain text of a page, cut at its headings. */
function sectionsOf(tokens, headings) {
  const starts = headings.map(({ at }) => at);
  return headings.map(({ text, id }, i) => ({
    heading: text,
    id,
    text: tokens
      .slice(starts[i] + 3, starts[i + 1] ?? tokens.length)
      .filter(({ type }) => ['inline', 'fence'].includes(type))
      .map((token) => (token.type === 'inline' ? textOf(token) : token.content))
      .join(' '),
  }));
}

/** Puts each section of a second-level heading in a box of its own. */
function withDoors(tokens) {
  const raw = (content) => Object.assign(new markdown.core.State.prototype.Token('html_block', '', 0), { content });
  const result = [];
  let open = false;
  for (const token of tokens) {
    if (token.type === 'heading_open' && token.tag === 'h2') {
      result.push(raw(open ? '</section><section>' : '<div class="doors"><section>'));
      open = true;
    }
    result.push(token);
  }
  if (open) result.push(raw('</section></div>'));
  return result;
}

const rules = markdown.renderer.rules;
rules.table_open = () => '<div class="scroll" tabindex="0" role="group" aria-label="table"><table>\n';
rules.table_close = () => '</table></div>\n';
rules.th_open = (tokens, at, options, env, self) => {
  tokens[at].attrSet('scope', 'col');
  return self.renderToken(tokens, at, options);
};
const fence = rules.fence;
rules.fence = (...args) => fence(...args).replace('<pre>', '<pre tabindex="0">');
rules.heading_close = (tokens, at, options, env, self) => {
  const open = tokens.slice(0, at).findLast(({ type }) => type === 'heading_open');
  const anchor =
    open.tag === 'h1' ? '' : ` <a class="anchor" href="#${open.attrGet('id')}" aria-label="link to this section">#</a>`;
  return anchor + self.renderToken(tokens, at, options);
};

rules.image = (tokens, at) => {
  const { src, dark } = tokens[at].meta;
  const alt = escapeHtml(textOf(tokens[at]));
  if (src === undefined)
    return `<span class="no-picture">${alt} (the picture is made where Chromium is installed)</span>`;
  const image = `<img src="${escapeHtml(src)}" alt="${alt}">`;
  if (dark === undefined) return image;
  return `<picture><source srcset="${escapeHtml(dark)}" media="(prefers-color-scheme: dark)">${image}</picture>`;
};

/** Where a link of a page leads, from the root of the repository; undefined for addresses of other sites. */
export function targetOf(source, href) {
  if (/^([a-z]+:|\/\/)/i.test(href)) return undefined;
  const [path, anchor] = decodeURI(href).split('#');
  const from = path.startsWith('/') ? '.' : posix.dirname(source);
  const file = path === '' ? source : posix.normalize(posix.join(from, path)).replace(/\/$/, '');
  return { file, anchor };
}

/** Whether a path from the root is a file or a folder of this checkout. */
export function kindOf(file) {
  const path = join(root, normalize(file));
  if (!path.startsWith(root) || !existsSync(path)) return undefined;
  return statSync(path).isDirectory() ? 'folder' : 'file';
}

/** The address of one page of the site from another. */
export function relativeTo(from, to) {
  return posix.relative(dirname(from), to) || posix.basename(to);
}
