// The pictures of the documentation, made by real runs of the program as it is built: phantoms, two small trainings, and what a
// browser shows of their reports, light and dark. Pages name them as ../pictures/NAME.png. They are kept until the program changes.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { hasBrowser, openBrowser } from '../../../tools/scripts/browser.mjs';
import { expectRun, root } from '../../../tools/scripts/workspace.mjs';
import { cached, hashOf } from './cache.mjs';

/** Where pages have them, seen from the root; nothing lies there. */
export const pictureFolder = 'apps/docs/pictures';

const colorSchemes = ['light', 'dark'];
/** What is shown of a page: its file, and the part of it; without one what is seen first. */
const shots = {
  'report-verdicts': { page: 'aligned/report.html' },
  'report-label': { page: 'aligned/report.html', part: '#labels details' },
  'report-scores': { page: 'aligned/report.html', part: '#scores' },
  'report-calibration': { page: 'aligned/report.html', part: '#calibration' },
  'report-groups': { page: 'aligned/report.html', part: '#groups' },
  comparison: { page: 'comparison/report.html' },
  'data-describe': { page: 'data.html' },
  'label-graph': { page: 'graph.html' },
};

/** Every name that a page may use. */
export const pictureNames = [...Object.keys(shots), 'phantoms', 'map'].map((name) => `${name}.png`);

/**
 * Makes the pictures.
 *
 * @returns the folder that has them, and for those with a dark twin NAME-dark.png; or why there are none.
 */
export async function makePictures() {
  if (!hasBrowser()) return { reason: 'no Chromium here; CXR_CHROMIUM names one' };
  const built = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/dist`);
  const key = hashOf([...built, 'apps/trainer/dist', 'apps/docs/src/pictures.mjs']);
  return cached('pictures', key, async (folder) => {
    const place = mkdtempSync(join(tmpdir(), 'pictures-'));
    try {
      await runProgram(place);
      writeFileSync(
        join(folder, 'run-files.json'),
        JSON.stringify(readdirSync(join(place, 'aligned'), { recursive: true })),
      );
      await drawImages(place, folder);
      await photograph(place, folder);
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });
}

/** From phantoms to reports, as the first tutorial does it. */
async function runProgram(place) {
  console.error('pictures: two small trainings …');
  const cxrAlign = (...args) =>
    expectRun(process.execPath, [join(root, 'apps/trainer/bin/cxr-align.js'), ...args], { cwd: place });
  await cxrAlign('phantom', '--out', 'data', '--images', '400', '--size', '96', '--seed', '7');
  for (const preset of ['vision-only', 'aligned'])
    await cxrAlign(
      'train',
      '--data',
      'data',
      '--out',
      preset,
      '--preset',
      preset,
      '--epochs',
      '6',
      '--image-size',
      '32',
      '--engine',
      'wasm',
    );
  await cxrAlign('compare', 'vision-only', 'aligned', '--out', 'comparison');
  await cxrAlign('data', 'describe', '--data', 'data', '--html', 'data.html');
  await cxrAlign('graph', 'show', '--graph', 'chexpert-14', '--data', 'data', '--html', 'graph.html');
  await cxrAlign(
    'predict',
    '--run',
    'aligned',
    'data/images/patient00002',
    '--map',
    'maps',
    '--out',
    'predictions.jsonl',
    '--engine',
    'wasm',
  );
}

/** Some phantoms side by side, and the first map. */
async function drawImages(place, folder) {
  const images = await Promise.all(
    filesBelow(join(place, 'data/images'))
      .slice(0, 4)
      .map((file) => sharp(file).resize(200, 200, { kernel: 'nearest' }).png().toBuffer()),
  );
  await sharp({ create: { width: 830, height: 200, channels: 4, background: '#00000000' } })
    .composite(images.map((input, i) => ({ input, left: 210 * i, top: 0 })))
    .png()
    .toFile(join(folder, 'phantoms.png'));
  const [map] = filesBelow(join(place, 'maps'));
  await sharp(map).resize({ width: 480, withoutEnlargement: true }).png().toFile(join(folder, 'map.png'));
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.png'))
    .sort()
    .map((name) => join(folder, name));
}

async function photograph(place, folder) {
  mkdirSync(folder, { recursive: true });
  const browser = await openBrowser();
  try {
    for (const colorScheme of colorSchemes)
      for (const [name, { page: file, part }] of Object.entries(shots)) {
        const page = await browser.newPage({
          viewport: { width: 900, height: 760 },
          colorScheme,
          deviceScaleFactor: 1.5,
        });
        await page.goto(pathToFileURL(join(place, file)).href);
        const path = join(folder, colorScheme === 'dark' ? `${name}-dark.png` : `${name}.png`);
        if (part === undefined) await page.screenshot({ path });
        else {
          const element = page.locator(part).first();
          await element.evaluate((one) => {
            for (let at = one; at; at = at.parentElement) if (at.localName === 'details') at.open = true;
            for (const inner of one.querySelectorAll('details')) inner.open = true;
            one.scrollIntoView();
          });
          const { y, height } = await element.boundingBox();
          const top = y + (await page.evaluate(() => globalThis.scrollY)) - 16;
          const clip = { x: 0, y: top, width: 900, height: Math.min(height + 32, 900) };
          await page.screenshot({ path, fullPage: true, clip });
        }
        await page.close();
      }
  } finally {
    await browser.close();
  }
}

/** Whether a picture has a dark twin. */
export const hasDark = (folder, name) => existsSync(join(folder, name.replace('.png', '-dark.png')));

/** The files of the run that the pictures are of and a page does not name. @param page the Markdown of the page of files. */
export function unnamedRunFiles(folder, page) {
  const files = JSON.parse(readFileSync(join(folder, 'run-files.json'), 'utf8'));
  const named = (file) => page.includes(basename(file)) || page.includes(file.replace(/\d+(?=\.safetensors$)/, 'NNNN'));
  return files.filter((file) => !named(file));
}
