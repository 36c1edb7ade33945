// What a reader sees of a page, measured in Chromium: at three widths, light and dark, with everything opened.
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openBrowser } from './browser.mjs';

const everyView = ['light', 'dark'].flatMap((colorScheme) => [390, 820, 1280].map((width) => ({ width, colorScheme })));

/**
 * Opens pages from their files and says what is wrong with them: a list of faults for each that has some.
 *
 * @param pictures folder for screenshots; none are made without it.
 * @param views width and colour scheme of each view.
 * @param isReport whether a page must be one file without pictures, as reports are; pages of the documentation are not.
 */
export async function checkPages(files, { pictures, views = everyView, isReport = true } = {}) {
  const browser = await openBrowser();
  const found = new Map(files.map((file) => [file, new Set()]));
  try {
    for (const { width, colorScheme } of views) {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
      let faults;
      page.on('pageerror', ({ message }) => faults.add(`error: ${message}`));
      page.on('console', (message) => message.type() === 'error' && faults.add(`console: ${message.text()}`));
      page.on('request', (request) => /^(file|data):/.test(request.url()) || faults.add(`asked for ${request.url()}`));
      for (const file of files) {
        faults = found.get(file);
        await page.goto(pathToFileURL(file).href);
        for (const fault of await page.evaluate(faultsOfPage, isReport))
          faults.add(`${width} ${colorScheme}: ${fault}`);
        if (!pictures) continue;
        await page.reload();
        const name = `${basename(join(file, '..'))}-${basename(file, '.html')}-${width}-${colorScheme}.png`;
        await page.screenshot({ path: join(pictures, name), fullPage: true });
      }
      await page.close();
    }
    for (const file of isReport ? files : [])
      for (const javaScriptEnabled of [true, false]) {
        const page = await browser.newPage({ javaScriptEnabled });
        await page.goto(pathToFileURL(file).href);
        for (const fault of await faultsOfUse(page, javaScriptEnabled)) found.get(file).add(fault);
        await page.close();
      }
  } finally {
    await browser.close();
  }
  return Object.fromEntries(
    [...found].filter(([, faults]) => faults.size > 0).map(([file, faults]) => [file, [...faults]]),
  );
}

/** What a reader does: follows a link to a section that is closed, and where scripts run, sorts a table and looks for a label. */
async function faultsOfUse(page, hasScript) {
  const faults = [];
  const link = page.locator('tbody a[href^="#"]').first();
  if ((await link.count()) > 0) {
    const place = page.locator(`[id="${(await link.getAttribute('href')).slice(1)}"]`);
    await link.click();
    if (!(await place.isVisible())) faults.push(`a link opens nothing ${hasScript ? 'with' : 'without'} a script`);
  }
  const fields = page.locator('input');
  if (!hasScript)
    return (await fields.count()) > 0 ? [...faults, 'a field that does nothing without its script'] : faults;
  const [table] = await page.locator('table:has(th button)').all();
  if (table) {
    const last = table.locator('th button').last();
    const column = (await table.locator('thead th').count()) - 1;
    const cells = async () => table.locator(`tbody tr > :nth-child(${column + 1})`).allTextContents();
    const before = await cells();
    await last.click();
    const [up] = [await cells()];
    await last.click();
    const down = await cells();
    if (up.toSorted().join() !== before.toSorted().join() || (new Set(up).size > 1 && up.join() === down.join()))
      faults.push('a table does not sort');
  }
  if ((await fields.count()) > 0) {
    const rows = page.locator('[data-find]:has(> input)').first().locator('tbody > tr, :scope > details');
    const name = await rows.first().locator('th, h3').first().textContent();
    await fields.first().fill(name);
    if ((await rows.filter({ visible: true }).count()) >= (await rows.count())) faults.push('a field does not find');
  }
  return faults;
}

/** Runs in the page. */
function faultsOfPage(isReport) {
  const { document, innerWidth, getComputedStyle, NodeFilter, Range } = globalThis;
  const faults = [];
  const all = (selector, of = document) => [...of.querySelectorAll(selector)];
  const say = (what, element) =>
    faults.length < 40 && faults.push(`${what}: ${element.textContent.trim().slice(0, 40)} (${element.localName})`);
  for (const one of all('details')) one.open = true;

  if (isReport) {
    // What was given as text must not have become anything else.
    if (all('script').length !== 1 || all('img, iframe, object, link, base, form, foreignObject').length > 0)
      faults.push('elements that no report has');
    for (const one of all('*'))
      for (const { name } of one.attributes) if (/^(on|style$)/.test(name)) say(`attribute ${name}`, one);
    if (globalThis.hacked !== undefined) faults.push('a label ran');
    for (const one of all('table')) if (!one.caption) say('a table without a caption', one);
  }
  for (const one of all('img')) if (!one.complete || one.naturalWidth === 0) faults.push(`no picture: ${one.src}`);
  const ids = all('[id]').map(({ id }) => id);
  if (new Set(ids).size < ids.length) faults.push('an id twice');
  for (const link of all('a[href^="#"]'))
    if (!ids.includes(link.getAttribute('href').slice(1))) say('a link to nowhere', link);
  for (const one of all('.drawing')) if (!one.getAttribute('aria-label')) say('a figure without a name', one);
  for (const one of all('th:not([scope])')) say('a header without a scope', one);

  if (document.documentElement.scrollWidth > innerWidth) {
    faults.push(`wider than the screen: ${document.documentElement.scrollWidth}`);
    for (const one of all('main *, header *'))
      if (one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.scroll, .drawing')) say('too wide', one);
  }

  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const paperOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const drawn = new Map();
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const element = node.parentElement;
    if (node.data.trim() === '' || element.closest('script, style, title')) continue;
    const range = new Range();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) continue;
    const style = getComputedStyle(element);
    const svg = element.closest('svg');
    const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
    if (parseFloat(style.fontSize) * scale < 11) say(`text of ${parseFloat(style.fontSize) * scale} pixels`, element);
    const [ink, paper] = [channels(svg ? style.fill : style.color), paperOf(svg ? svg.parentElement : element)].map(
      luminance,
    );
    const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (contrast < 4.5) say(`contrast ${contrast.toFixed(1)}`, element);
    if (svg) {
      const edge = svg.getBoundingClientRect();
      if (
        box.left < edge.left - 1 ||
        box.right > edge.right + 1 ||
        box.top < edge.top - 1 ||
        box.bottom > edge.bottom + 1
      )
        say('cut off by its figure', element);
      const isTurned = element.hasAttribute('transform');
      for (const other of drawn.get(svg) ?? [])
        if (
          !isTurned &&
          Math.min(box.right, other.right) - Math.max(box.left, other.left) > 1 &&
          Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top) > 3
        )
          say('on other text', element);
      if (!isTurned) drawn.set(svg, [...(drawn.get(svg) ?? []), box]);
    } else {
      for (let at = element; at !== document.body; at = at.parentElement)
        if (/hidden|clip/.test(getComputedStyle(at).overflowX) && at.scrollWidth > at.clientWidth) say('cut off', at);
    }
  }
  for (const one of all('.scroll, .drawing'))
    if (one.scrollWidth > one.clientWidth + 1 && one.tabIndex !== 0) say('scrolls, but not by keys', one);
  return faults;
}

if (process.argv[1]?.endsWith('pages.mjs')) {
  const [pictures, ...files] = process.argv.slice(2);
  console.log(JSON.stringify(await checkPages(files, { pictures }), null, 2));
}
