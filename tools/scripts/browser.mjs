// Headless Chromium for the checks that need a browser.
import { existsSync } from 'node:fs';
import { installPackages } from './debian-packages.mjs';

const chromium = process.env.CXR_CHROMIUM ?? '/usr/bin/chromium';

/** Whether Chromium is there. */
export const hasBrowser = () => existsSync(chromium);

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

/** The value of an expression on an empty page, once the scripts of some files have run on it as they are. */
export async function runScripts(files, expression) {
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    for (const path of files) await page.addScriptTag({ path });
    return await page.evaluate(expression);
  } finally {
    await browser.close();
  }
}
