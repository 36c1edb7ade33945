// npm run docs: builds the documentation site into apps/docs/dist; open its index.html, from the disk or from any static server.
// --check ends with 1 if a link, an anchor or a picture leads nowhere, if a code block is neither run nor marked, or if a page is not
// readable in Chromium, small, wide and dark; --links checks without Chromium, --examples runs the examples of all pages, too (npm
// test does). --preview serves the site on 127.0.0.1 (--port N). --no-build takes the packages as they are,
// --no-pictures leaves out the trainings that pictures are made of.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { browserMissing } from '../../../tools/scripts/browser.mjs';
import { countBlocks } from '../../../tools/scripts/code-blocks.mjs';
import { buildIfNeeded, capture, installIfNeeded } from '../../../tools/scripts/workspace.mjs';

const flags = ['check', 'links', 'examples', 'preview', 'no-build', 'no-pictures'];
const { values } = parseArgs({
  options: {
    ...Object.fromEntries(flags.map((name) => [name, { type: 'boolean' }])),
    port: { type: 'string', default: '4173' },
  },
});
if (!values['no-build']) {
  installIfNeeded();
  await buildIfNeeded();
}
// They import packages, which must be there first.
const { buildSite, out } = await import('./site.mjs');
const { faultsInBrowser, serve } = await import('./check-browser.mjs');

// It is installed where that can be done, before pictures are made with it.
const withoutBrowser = values.check ? browserMissing() : undefined;
const began = Date.now();
const { pages, faults, withoutPictures } = await buildSite({
  // A check of links needs no trainings.
  pictures: !values['no-pictures'] && !(values.links && !values.check),
});
if (withoutPictures) console.log(`skipped: pictures (${withoutPictures})`);
console.log(`${pages.length} pages in ${join(out, 'index.html')} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
if (values.check) {
  if (withoutBrowser) console.log(`skipped: pages in Chromium (${withoutBrowser})`);
  else
    faults.push(
      ...(await faultsInBrowser(
        out,
        pages.map(({ path }) => path),
      )),
    );
}
const { summary, faults: unmarked } = countBlocks(pages.filter(({ isFile }) => isFile).map(({ source }) => source));
console.log(summary);
faults.push(...unmarked);
if (values.examples) {
  const { code, output } = await capture(process.execPath, ['tools/scripts/readme-examples.mjs']);
  console.log(output.trim().split('\n').at(-1));
  if (code !== 0) faults.push(output);
}
for (const fault of faults) console.error(fault);
const checked = values.check || values.links || values.examples;
if (checked) console.log(`${pages.length} passed, ${faults.length} failed`);
else if (faults.length > 0) console.error(`${faults.length} faults; npm run docs -- --check ends with 1 for them`);
if (values.preview) console.log((await serve(out, { port: Number(values.port) })).address);
else process.exit(checked && faults.length > 0 ? 1 : 0);
