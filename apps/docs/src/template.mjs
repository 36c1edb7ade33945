// The frame around every page.
import { escapeHtml, relativeTo } from './markdown.mjs';

/** A whole page. @param page with `path`, `title`; @param content its HTML; @param menu of `menuOf`. */
export function frame({ page, content, headings, menu, description }) {
  const to = (path) => relativeTo(page.path, path);
  const isHome = page.path === 'index.html';
  const parts = headings.filter(({ level }) => level === 2 || (level === 3 && headings.length < 24));
  const toc =
    parts.length < 3 || isHome ? '' : listOf(parts.map(({ id, text }) => `<a href="#${id}">${escapeHtml(text)}</a>`));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${escapeHtml(description)}">
<title>${escapeHtml(isHome ? page.title : `${page.title} · cxr-align`)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${to('assets/site.css')}">
</head>
<body${isHome ? ' class="home"' : ''}>
<a class="skip" href="#site-content">Skip to the text</a>
<header>
<a class="name" href="${to('index.html')}">cxr-align</a>
<form id="site-search" role="search" hidden><input id="site-words" type="search" aria-label="Search" autocomplete="off" placeholder="Search" data-root="${to('index.html').replace(/index\.html$/, '')}"></form>
<button class="open" popovertarget="site-menu">Menu</button>
</header>
<div id="site-found" hidden></div>
<nav id="site-menu" popover aria-label="Pages">${menuHtml(page, menu, to)}</nav>
<main id="site-content">
${toc && `<details class="toc narrow"><summary>On this page</summary>${toc}</details>`}
${content}
${neighbours(page, menu, to)}
</main>
${toc && `<nav class="toc wide" aria-label="On this page"><p>On this page</p>${toc}</nav>`}
<footer>Research software, not a medical device. Apache-2.0. Words are explained in the <a href="${to('reference/glossary.html')}">glossary</a>.</footer>
<script src="${to('assets/search.js')}" defer></script>
</body>
</html>
`;
}

const listOf = (items) => `<ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`;

function menuHtml(page, menu, to) {
  const link = ({ path, title }) =>
    `<a href="${to(path)}"${path === page.path ? ' aria-current="page"' : ''}>${escapeHtml(title)}</a>`;
  return menu
    .map((section) => {
      const isHere = section.name === page.section;
      const groups = section.groups.map(
        ({ title, pages }) =>
          `<details${pages.includes(page) ? ' open' : ''}><summary>${escapeHtml(title)}</summary>${listOf(pages.map(link))}</details>`,
      );
      const inside =
        listOf([link({ path: section.path, title: 'Overview' }), ...section.pages.map(link)]) + groups.join('');
      return `<details${isHere ? ' open' : ''}><summary>${escapeHtml(section.title)}</summary>${inside}</details>`;
    })
    .join('');
}

/** The pages before and after this one in the menu. */
function neighbours(page, menu, to) {
  const section = menu.find(({ name }) => name === page.section);
  if (!section) return '';
  const all = [...section.pages, ...section.groups.flatMap(({ pages }) => pages)];
  const at = all.indexOf(page);
  if (at < 0) return '';
  const link = (other, word) =>
    other ? `<a class="${word}" href="${to(other.path)}">${escapeHtml(other.title)}</a>` : '<span></span>';
  return `<nav class="neighbours" aria-label="Pages before and after">${link(all[at - 1], 'before')}${link(all[at + 1], 'after')}</nav>`;
}

/** The overview of a section that has no page of its own for that. */
export function overviewOf(section, descriptions) {
  const list = (pages) =>
    pages
      .map((page) => `- [${page.title}](/${page.source}): ${descriptions.get(page.source) || page.title}`)
      .join('\n');
  return `# ${section.title}\n\n${list(section.pages)}\n${section.groups.map(({ title, pages }) => `\n## ${title}\n\n${list(pages)}\n`).join('')}`;
}
