// npm run docs: builds the documentation site into apps/docs/dist; open its index.html, from the disk or from any static server.
// --check ends with 1 if a link, an anchor or a picture leads nowhere; --preview serves the site on 127.0.0.1 (--port N).
import { createServer } from 'node:http';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { parseArgs } from 'node:util';
import { buildSite, out } from './site.mjs';

const { values } = parseArgs({
  options: { check: { type: 'boolean' }, preview: { type: 'boolean' }, port: { type: 'string', default: '4173' } },
});
const began = Date.now();
const { pages, faults } = await buildSite();
for (const fault of faults) console.error(fault);
console.log(
  `${pages.length} pages in ${join(out, 'index.html')} (${((Date.now() - began) / 1000).toFixed(1)} s), ${faults.length} dead links`,
);
if (values.preview) preview(Number(values.port));
else process.exit(values.check && faults.length > 0 ? 1 : 0);

function preview(port) {
  const types = {
    '.html': 'text/html',
    '.css': 'text/css',
    '.js': 'text/javascript',
    '.svg': 'image/svg+xml',
    '.png': 'image/png',
  };
  createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname));
    let file = join(out, path);
    if (existsSync(file) && statSync(file).isDirectory()) file = join(file, 'index.html');
    if (!existsSync(file)) return response.writeHead(404).end('not found');
    response
      .writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
      .end(readFileSync(file));
  }).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/`));
}
