import { darkColours, lightColours } from './drawing.js';

function variables(colours: typeof lightColours): string {
  return Object.entries(colours)
    .map(([name, colour]) => `--${name}:${colour};`)
    .join('');
}

/** How pages look: light and dark, on a telephone, on a screen and on paper; no text below 12 pixels. */
export const pageStyle = `
:root{color-scheme:light dark;${variables(lightColours)}}
@media screen and (prefers-color-scheme:dark){:root{${variables(darkColours)}}}
*{box-sizing:border-box}[hidden]{display:none!important}
body{margin:0 auto;max-width:76rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .25rem}h2{font-size:1.2rem;margin:2.2rem 0 .5rem;padding-bottom:.2rem;border-bottom:1px solid var(--line)}h3{font-size:1rem;margin:1.4rem 0 .4rem}main>section:first-child h2{margin-top:1.2rem}
p{margin:.5rem 0;max-width:60rem}a{color:var(--link)}
.lead{font-size:1.1rem;margin:.2rem 0 .6rem}
.notice{border-left:4px solid var(--c1);background:var(--soft);padding:.4rem .8rem;margin:.4rem 0}
nav{font-size:.875rem;display:flex;flex-wrap:wrap;gap:.1rem .9rem;margin-top:.5rem}nav a{padding:.15rem 0}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) minmax(0,1fr);gap:.2rem .9rem;margin:.5rem 0;font-size:.9rem}dt{color:var(--muted)}dd{margin:0;max-width:60rem}
.cards{display:grid;gap:.6rem;grid-template-columns:repeat(auto-fit,minmax(min(16rem,100%),1fr));margin:.7rem 0}
.card{border:1px solid var(--line);border-left:4px solid var(--muted);border-radius:4px;padding:.45rem .75rem;font-size:.9rem}
.card h3{margin:0;font-size:.9rem}.card p{margin:.15rem 0}.card .value{font-size:1.05rem;font-weight:600}
.card.good{border-left-color:var(--c0)}.card.fair{border-left-color:var(--c4)}.card.bad{border-left-color:var(--c1)}
.tone{white-space:nowrap}.tone::before{display:inline-block;width:1.2em;font-weight:700}
.tone.good::before{content:"✓";color:var(--c0)}.tone.fair::before{content:"~";color:var(--c4)}.tone.bad::before{content:"✕";color:var(--c1)}.tone.none::before{content:"?";color:var(--muted)}
.figures{display:flex;flex-wrap:wrap;gap:1.2rem 1.6rem;align-items:flex-start;margin:.8rem 0}
figure{margin:0;max-width:100%}.drawing{overflow-x:auto}.drawing svg{display:block}
figcaption{font-size:.8125rem;color:var(--muted);contain:inline-size;margin-top:.2rem}
caption{font-size:.875rem;font-weight:600;text-align:left;padding:.3rem 0}caption span{display:block;position:sticky;left:0;width:fit-content;max-width:min(60rem,calc(100vw - 2.5rem))}
.scroll{overflow-x:auto;margin:.8rem 0}table{border-collapse:collapse;font-size:.875rem}
th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums;unicode-bidi:isolate;vertical-align:top}
th,.t{text-align:left}th{font-weight:500}thead th{background:var(--soft);white-space:normal;vertical-align:bottom;overflow-wrap:normal}thead .n{text-align:right}
tbody th,tfoot th{position:sticky;left:0;background:var(--paper);white-space:normal;min-width:10.5rem;max-width:18rem}
tfoot th,tfoot td{font-weight:600}.w{white-space:normal;min-width:14rem;font-size:.8125rem}
th .strip,td .strip{vertical-align:middle;display:inline-block}
th button{font:inherit;color:inherit;background:none;border:0;padding:0;text-align:inherit;cursor:pointer;text-decoration:underline dotted;text-underline-offset:3px}
th[aria-sort] button::after{content:" ↑"}th[aria-sort=descending] button::after{content:" ↓"}
details{border-bottom:1px solid var(--line)}summary{cursor:pointer;padding:.45rem 0;display:flex;flex-wrap:wrap;gap:.1rem 1rem;align-items:baseline}
summary::before{content:"▸";color:var(--muted);width:.8em}details[open]>summary::before{content:"▾"}summary::-webkit-details-marker{display:none}
summary h2,summary h3{margin:0;border:0;padding:0;flex:1 1 12rem}summary .note{font-size:.875rem}
.opened{padding:0 0 1rem;scroll-margin-top:4rem}
input{font:inherit;font-size:16px;width:100%;max-width:20rem;padding:.3rem .5rem;color:var(--ink);background:var(--paper);border:1px solid var(--muted);border-radius:4px;margin:.4rem 0}
footer{margin-top:3rem;font-size:.875rem;color:var(--muted)}
@media (max-width:44rem){.tone{white-space:normal}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.4rem}
tbody th,tfoot th{min-width:10.2rem;max-width:11.5rem}}
@media (max-width:60rem){.stacked,.stacked tbody,.stacked tfoot,.stacked tr,.stacked caption{display:block}.stacked thead{display:none}.stacked tr{display:flex;flex-wrap:wrap;gap:0 1rem;align-items:center;padding:.5rem 0;border-bottom:1px solid var(--line)}
.stacked th,.stacked td{display:block;border:0;padding:.05rem 0;max-width:none;position:static;text-align:left;white-space:normal;min-width:0}.stacked th,.stacked .w{width:100%}.stacked th{font-weight:600}.stacked .empty{display:none}.stacked .w::before,.stacked td:has(.tone)::before{content:none!important}
.stacked td[data-head]::before{content:attr(data-head);color:var(--muted);margin-right:.6em}}
@media print{body{max-width:none;font-size:11pt;padding:0}nav,input{display:none}details::details-content{content-visibility:visible;display:block;block-size:auto}.card,figure,tr{break-inside:avoid}h2,h3{break-after:avoid}.scroll,.drawing{overflow:visible}tbody th,tfoot th{position:static;min-width:0}table{font-size:8pt}th,td{white-space:normal;padding:.1rem .3rem}a{color:inherit;text-decoration:none}}
`.trim();
