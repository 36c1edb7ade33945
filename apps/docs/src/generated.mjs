// Pages that are made at every build from what they describe.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../tools/scripts/workspace.mjs';
import { apiPages } from './api.mjs';
import { cached, hashOf } from './cache.mjs';
import { commandPages } from './commands.mjs';
import { pageOf } from './pages.mjs';
import { schemaPages } from './schemas.mjs';

/** The generated pages, as `pageOf` makes them. */
export async function generatedPages() {
  const pages = [...(await keptApiPages()), ...(await commandPages()), ...schemaPages()];
  return pages.map(({ source, text }) => pageOf(source, text));
}

/** Reading all types and wrapping all signatures takes seconds: the pages are kept as long as types and makers stay the same. */
async function keptApiPages() {
  const rooms = [...readdirSync(join(root, 'packages')).map((name) => `packages/${name}`), 'apps/trainer'];
  const types = rooms.flatMap((room) => readTypes(`${room}/dist`));
  const made = ['apps/docs/src', 'tools/scripts/api-report.mjs', ...rooms.map((room) => `${room}/package.json`)];
  const { folder } = await cached('api', hashOf([...types, ...made]), async (place) =>
    writeFileSync(join(place, 'pages.json'), JSON.stringify(await apiPages())),
  );
  return JSON.parse(readFileSync(join(folder, 'pages.json'), 'utf8'));
}

function readTypes(folder) {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.d.ts'))
    .map((name) => `${folder}/${name}`);
}
