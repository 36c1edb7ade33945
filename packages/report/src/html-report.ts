/** A table: a header and rows; numbers are set to the right. */
export interface ReportTable {
  caption: string;
  header: readonly string[];
  rows: readonly (readonly (string | number | null)[])[];
}

/** A part of a report: text first, then figures, then tables. */
export interface ReportSection {
  heading: string;
  paragraphs?: readonly string[];
  /** SVG, with what it shows in words for those who cannot see it. */
  figures?: readonly { svg: string; description: string }[];
  tables?: readonly ReportTable[];
}

/** Text that stands in HTML as it is. */
export function escapeHtml(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (sign) => names[sign]);
}

/** One self-contained HTML page: no script, no network, light and dark, readable on a phone. All text is escaped. */
export function htmlReport({
  title,
  lead,
  sections,
}: {
  title: string;
  lead: string;
  sections: readonly ReportSection[];
}): string {
  const places = sections.map(({ heading }, i) => `<a href="#s${i}">${escapeHtml(heading)}</a>`).join(' · ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<header><h1>${escapeHtml(title)}</h1><p>${escapeHtml(lead)}</p><nav aria-label="Sections">${places}</nav></header>
<main>
${sections.map(sectionHtml).join('\n')}
</main>
<footer><p>Research software, not a medical device.</p></footer>
</body>
</html>
`;
}

function sectionHtml({ heading, paragraphs = [], figures = [], tables = [] }: ReportSection, at: number): string {
  return [
    `<section id="s${at}"><h2>${escapeHtml(heading)}</h2>`,
    ...paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`),
    ...figures.map(
      ({ svg, description }) =>
        `<figure><div class="drawing${isWide(svg) ? ' wide' : ''}" role="img" aria-label="${escapeHtml(description)}">${svg}</div><figcaption>${escapeHtml(description)}</figcaption></figure>`,
    ),
    ...tables.map(tableHtml),
    '</section>',
  ].join('\n');
}

/** Whether a drawing would be too small to read if it were fitted to the page: it is scrolled instead. */
function isWide(svg: string): boolean {
  return Number(/^<svg[^>]*? width="([\d.]+)"/.exec(svg)?.[1] ?? 0) > 1000;
}

function tableHtml({ caption, header, rows }: ReportTable): string {
  const cell = (value: string | number | null, tag: 'td' | 'th', at: number): string => {
    const scope = tag === 'th' ? ' scope="row"' : '';
    const isNumber = typeof value === 'number' || (at > 0 && value !== null && /^[-+−–\d]/.test(String(value)));
    return `<${tag}${scope}${isNumber ? ' class="number"' : ''}>${value === null ? '–' : escapeHtml(String(value))}</${tag}>`;
  };
  const body = rows.map((row) => `<tr>${row.map((value, i) => cell(value, i === 0 ? 'th' : 'td', i)).join('')}</tr>`);
  return `<div class="scroll" tabindex="0"><table><caption>${escapeHtml(caption)}</caption><thead><tr>${header
    .map((name) => `<th scope="col">${escapeHtml(name)}</th>`)
    .join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --line: #d8dde3; --soft: #f4f6f8; --link: #0059a3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --paper: #15181c; --line: #3a4048; --soft: #1f2429; --link: #7db8ee; } }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.15rem; border-bottom: 1px solid var(--line); margin-top: 2rem; }
a { color: var(--link); } nav { font-size: .9rem; }
figure { margin: 1rem 0; } .drawing { background: #fff; padding: .5rem; border-radius: 6px; overflow-x: auto; } .drawing svg { max-width: 100%; height: auto; } .wide svg { max-width: none; }
figcaption, caption { font-size: .85rem; opacity: .85; text-align: left; padding: .3rem 0; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; } thead th { background: var(--soft); }
.number { text-align: right; font-variant-numeric: tabular-nums; }
footer { margin-top: 3rem; font-size: .85rem; opacity: .8; }
`;
