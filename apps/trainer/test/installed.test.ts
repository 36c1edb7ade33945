import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

type Packages = Record<string, { version?: string; integrity?: string; optional?: boolean; link?: boolean }>;

const script = pathToFileURL(fileURLToPath(new URL('../../../tools/scripts/workspace.mjs', import.meta.url))).href;

/** Whether `npm start` would install nothing in a folder with this lock file and this record of npm. */
async function isInstalled(lock: Packages, installed?: Packages): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'installed-'));
  mkdirSync(join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: { '': { version: '1' }, ...lock } }));
  if (installed)
    writeFileSync(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: installed }));
  const workspace = (await import(script)) as { isInstalled: (folder: string) => boolean };
  return workspace.isInstalled(folder);
}

describe('npm start', () => {
  const a = { version: '1.0.0', integrity: 'sha512-a' };
  it('installs nothing again after a plain npm ci, with optional packages of other systems missing', async () => {
    const lock = { 'node_modules/a': a, 'node_modules/b': { version: '2.0.0', optional: true }, 'packages/c': {} };
    expect(await isInstalled(lock, { 'node_modules/a': a, 'packages/c': {} })).toBe(true);
  });
  it('installs where nothing is, or another version, another content, less or more', async () => {
    const lock = { 'node_modules/a': a };
    expect(await isInstalled(lock)).toBe(false);
    expect(await isInstalled(lock, {})).toBe(false);
    expect(await isInstalled(lock, { 'node_modules/a': { ...a, version: '1.0.1' } })).toBe(false);
    expect(await isInstalled(lock, { 'node_modules/a': { ...a, integrity: 'sha512-b' } })).toBe(false);
    expect(await isInstalled(lock, { 'node_modules/a': a, 'node_modules/d': a })).toBe(false);
  });
});
