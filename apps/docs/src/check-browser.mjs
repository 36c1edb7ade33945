// What a reader sees of the built site, in headless Chromium: every page small and dark, some wide and light; the search, the menu of a
// small screen, and the site below another address. Nothing may be asked of another server.
import { createServer } from 'node:http';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { extname, join, normalize, relative } from 'node:path';
import { openBrowser } from '../../../tools/scripts/browser.mjs';
import { checkPages } from '../../../tools/scripts/pages.mjs';

const small = { width: 390, colorScheme: 'dark' };
const wide = { width: 1280, colorScheme: 'light' };
/** Of how many pages one is looked at wide: colours and sizes are those of the theme, and what is wide enough is wide. */
const everyNth = 8;

/** What is wrong with the pages of a site, a line each. @param paths of the pages in `folder`. */
export async function faultsInBrowser(folder, paths) {
  const files = paths.map((path) => join(folder, path));
  const some = files.filter((_, i) => i % everyNth === 0);
  const found = [
    await checkPages(files, { views: [small], isReport: false }),
    await checkPages(some, { views: [wide], isReport: false }),
  ];
  return [
    ...found
      .flatMap(Object.entries)
      .flatMap(([file, list]) => list.map((fault) => `${relative(folder, file)}: ${fault}`)),
    ...(await faultsOfUse(folder)),
  ];
}

/** Uses the site as a reader does, from a server that has it below another address. */
async function faultsOfUse(folder) {
  const faults = [];
  const server = await serve(folder, { base: '/some/where/' });
  const browser = await openBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
    const { origin } = new URL(server.address);
    page.on(
      'request',
      (request) =>
        new URL(request.url()).origin === origin ||
        /^data:/.test(request.url()) ||
        faults.push(`asked for ${request.url()}`),
    );
    page.on(
      'response',
      (response) => response.status() >= 400 && faults.push(`${response.status()} for ${response.url()}`),
    );
    await page.goto(server.address);
    await page.click('.open');
    if (!(await page.locator('#site-menu').isVisible())) faults.push('the menu of a small screen does not open');
    await page.keyboard.press('Escape');
    await page.fill('#site-words', 'focal loss');
    await page.locator('#site-found a').first().click();
    if (!/focal/i.test(await page.locator('main').textContent())) faults.push('the search leads elsewhere');
  } catch (error) {
    faults.push(`the site cannot be used: ${error.message.split('\n')[0]}`);
  } finally {
    await browser.close();
    server.close();
  }
  return faults;
}

/** A static server of a folder, as any other one is. @returns its `address`, and how to close it. */
export function serve(folder, { base = '/', port = 0 } = {}) {
  const types = {
    '.html': 'text/html',
    '.css': 'text/css',
    '.js': 'text/javascript',
    '.svg': 'image/svg+xml',
    '.png': 'image/png',
  };
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname));
    let file = path.startsWith(base) ? join(folder, path.slice(base.length)) : '';
    if (existsSync(file) && statSync(file).isDirectory()) file = join(file, 'index.html');
    if (!existsSync(file)) return response.writeHead(404).end('not found');
    response
      .writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
      .end(readFileSync(file));
  });
  return new Promise((resolve) =>
    server.listen(port, '127.0.0.1', () =>
      resolve({ address: `http://127.0.0.1:${server.address().port}${base}`, close: () => server.close() }),
    ),
  );
}
