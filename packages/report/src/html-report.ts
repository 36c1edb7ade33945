import { createHash } from 'node:crypto';
import { printableText } from '@cxr-align/files/printable';
import { escapeHtml } from './escape-html.js';
import { pageScript } from './page-script.js';
import { pageStyle } from './page-style.js';
import type { ReportCard, ReportCell, ReportFigure, ReportPage, ReportSection, ReportTable } from './report-parts.js';

/**
 * One self-contained HTML page: no network, light and dark, readable on a telephone and on paper. Its script only sorts and finds: all
 * can be read without it. A policy in the page allows this script and this style alone, so that no text that slipped through could run.
 *
 * All text is escaped; the SVG of figures is not, so pass only what the functions of this package return, or what you trust.
 */
export function htmlReport({ title, lead, notices = [], facts = [], sections }: ReportPage): string {
  const links = sections.map(({ heading, id }, i) => `<a href="#${id ?? `s${i}`}">${escapeHtml(heading)}</a>`);
  const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<header><h1>${escapeHtml(title)}</h1>
<p class="lead">${escapeHtml(lead)}</p>
${notices.map((notice) => `<p class="notice" role="note">${escapeHtml(notice)}</p>\n`).join('')}${factsHtml(facts)}
<nav aria-label="Sections">${links.join('')}</nav></header>
<main>
${sections.map((section, i) => sectionHtml(section, `s${i}`, 2)).join('\n')}
</main>
<footer><p>Research software, not a medical device.</p></footer>
<script>${pageScript}</script>
</body>
</html>
`;
  // Neither HTML nor XML has control characters; those of names are shown.
  return printableText(page);
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

const policy = `default-src 'none'; img-src data:; style-src ${hashOf(pageStyle)}; script-src ${hashOf(pageScript)}; base-uri 'none'; form-action 'none'`;

function sectionHtml(section: ReportSection, place: string, level: 2 | 3): string {
  const { heading, id = place, note, isFolded = false, cards = [], paragraphs = [], facts = [] } = section;
  const { figures = [], tables = [], sections = [], canFilter = false } = section;
  const title = `<h${level}>${escapeHtml(heading)}</h${level}>`;
  const body = [
    ...(cards.length > 0 ? [`<div class="cards">${cards.map(cardHtml).join('')}</div>`] : []),
    ...paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`),
    factsHtml(facts),
    ...(figures.length > 0 ? [`<div class="figures">${figures.map(figureHtml).join('')}</div>`] : []),
    ...tables.map(tableHtml),
    ...(sections.length > 0
      ? [
          `<div${canFilter ? ' data-find="Find a label"' : ''}>${sections.map((one, i) => sectionHtml(one, `${id}-${i}`, 3)).join('\n')}</div>`,
        ]
      : []),
  ].filter((part) => part !== '');
  if (!isFolded) return [`<section id="${id}">${title}`, ...body, '</section>'].join('\n');
  const aside = note === undefined || note === null ? '' : `<span class="note">${cellHtml(note)}</span>`;
  // The place is inside, so that a link to it opens the section without a script.
  return [
    `<details><summary>${title}${aside}</summary><div class="opened" id="${id}">`,
    ...body,
    '</div></details>',
  ].join('\n');
}

function factsHtml(facts: NonNullable<ReportSection['facts']>): string {
  if (facts.length === 0) return '';
  return `<dl>${facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join('')}</dl>`;
}

function cardHtml({ heading, tone, value, text, href }: ReportCard): string {
  const more = href === undefined ? '' : ` <a href="${escapeHtml(href)}">more</a>`;
  return `<div class="card ${tone}"><h3>${escapeHtml(heading)}</h3><p class="value"><span class="tone ${tone}"></span>${escapeHtml(value)}</p><p>${escapeHtml(text)}${more}</p></div>`;
}

function figureHtml({ svg, description }: ReportFigure): string {
  const text = escapeHtml(description);
  return `<figure><div class="drawing" role="img" aria-label="${text}" tabindex="0">${svg}</div><figcaption>${text}</figcaption></figure>`;
}

/** Characters from which on a cell is text that wraps. */
const longText = 40;

function tableHtml({ caption, header, rows, total, isStacked = false, canFilter = false }: ReportTable): string {
  const heads = header.map(textOf);
  const isNumeric = heads.map(
    (_, at) => at > 0 && 2 * rows.filter((row) => kindOf(row[at] ?? null) === '').length > rows.length,
  );
  const line = (row: readonly ReportCell[]): string =>
    `<tr>${row
      .map((cell, at) => {
        if (at === 0) return `<th scope="row">${cellHtml(cell)}</th>`;
        const name = isStacked && heads[at] !== '' ? ` data-head="${escapeHtml(heads[at])}"` : '';
        const kind = kindOf(cell) + (isStacked && cell === null ? ' empty' : '');
        return `<td${kind === '' ? '' : ` class="${kind.trim()}"`}${name}>${cellHtml(cell)}</td>`;
      })
      .join('')}</tr>`;
  const head = header.map((cell, at) => `<th scope="col"${isNumeric[at] ? ' class="n"' : ''}>${cellHtml(cell)}</th>`);
  const foot = total === undefined ? '' : `<tfoot>${line(total)}</tfoot>`;
  return `<div class="scroll" tabindex="0"${canFilter ? ' data-find="Find a label"' : ''}><table${isStacked ? ' class="stacked"' : ''}><caption><span>${escapeHtml(caption)}</span></caption><thead><tr>${head.join('')}</tr></thead><tbody>${rows.map(line).join('')}</tbody>${foot}</table></div>`;
}

function textOf(cell: ReportCell): string {
  return typeof cell === 'object' && cell !== null ? cell.text : String(cell ?? '');
}

/** The class of a cell: numbers have none. */
function kindOf(cell: ReportCell): '' | 't' | 't w' {
  const text = textOf(cell);
  if (cell === null || typeof cell === 'number' || /^[-+−–<\d]/.test(text)) return '';
  return text.length > longText ? 't w' : 't';
}

function cellHtml(cell: ReportCell): string {
  if (cell === null) return '–';
  if (typeof cell !== 'object') return escapeHtml(String(cell));
  const { text, svg = '', tone, href } = cell;
  const shown = tone === undefined ? escapeHtml(text) : `<span class="tone ${tone}">${escapeHtml(text)}</span>`;
  return svg + (href === undefined ? shown : `<a href="${escapeHtml(href)}">${shown}</a>`);
}
