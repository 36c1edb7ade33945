// Headless Chromium for the checks that need a browser.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const chromium = process.env.CXR_CHROMIUM ?? '/usr/bin/chromium';

/** Why the browser part cannot run, or nothing. Debian's package is installed where that can be done. */
export function browserMissing() {
  if (existsSync(chromium)) return undefined;
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore', timeout: 120_000, env });
    const packages = ['install', '-y', '-qq', '--no-install-recommends', 'chromium'];
    execFileSync('apt-get', packages, { stdio: 'ignore', timeout: 300_000, env });
  } catch {
    // Told by what follows.
  }
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
