// Headless Chromium for the checks that need a browser.
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { installPackages } from './debian-packages.mjs';

const chromium = process.env.CXR_CHROMIUM ?? '/usr/bin/chromium';

/** Why the browser part cannot run, or nothing. Debian's package is installed where that can be done. */
export function browserMissing() {
  if (existsSync(chromium)) return undefined;
  installPackages('chromium');
  if (existsSync(chromium)) return undefined;
  return `no ${chromium}: apt-get install chromium, or name one in CXR_CHROMIUM`;
}

/** Starts it; software draws, and nothing is asked of the network. */
export async function openBrowser() {
  const { chromium: browsers } = await import('playwright-core');
  return browsers.launch({
    executablePath: chromium,
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
    ],
  });
}

/** What a function says that a script defines: the script is bundled for the browser from what `folder` has installed. */
export async function runInBrowser(folder, script, name) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    stdin: { contents: script, resolveDir: folder, loader: 'js' },
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    logLevel: 'error',
  });
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: outputFiles[0].text });
    return await page.evaluate(`globalThis[${JSON.stringify(name)}]()`);
  } finally {
    await browser.close();
  }
}

/** Opens a page from its file, as a reader does: what went wrong, what it asked the network for, and what it holds. */
export async function readPage(file) {
  const browser = await openBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
    const errors = [];
    const requests = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    const held = await page.evaluate(() => {
      const all = (selector) => [...globalThis.document.querySelectorAll(selector)];
      return {
        scripts: all('script').length,
        unnamedFigures: all('.drawing').filter((one) => !one.getAttribute('aria-label')).length,
        figures: all('.drawing svg').length,
        tables: all('table').length,
        tablesWithCaption: all('table > caption').length,
        headerCells: all('th:not([scope])').length,
        unreachable: all('.scroll').filter((one) => one.tabIndex !== 0).length,
        widerThanScreen: globalThis.document.documentElement.scrollWidth > globalThis.innerWidth,
        headings: all('h2').map((one) => one.textContent),
      };
    });
    return {
      errors,
      requests: requests.filter((url) => !url.startsWith('file:') && !url.startsWith('data:')),
      ...held,
    };
  } finally {
    await browser.close();
  }
}
