import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from './atomic-write.js';
import { sha256 } from './checksum.js';
import { remove } from './disk.js';
import { InputError, unreadable } from './input-error.js';
import { sealJson, unsealJson } from './sealed-json.js';

/** The file that names the files of a folder with the hash of each. */
export const manifestName = 'manifest.json';

const manifestVersion = 1;

/** Bytes and SHA-256 of each file of a folder, by its name there. */
export type Manifest = ReadonlyMap<string, { bytes: number; sha256: string }>;

/** The text of a manifest. */
export function manifestText(manifest: Manifest): string {
  const names = [...manifest.keys()].sort();
  // Without a prototype, so that a file may be named __proto__.
  const files = Object.assign(
    Object.create(null),
    Object.fromEntries(names.map((name) => [name, manifest.get(name)])),
  ) as object;
  return sealJson({ formatVersion: manifestVersion, files }, { indent: 2 });
}

/**
 * Reads the text of a manifest.
 *
 * @param hint how the folder is made again, for errors.
 * @param hashOf SHA-256 of a text in UTF-8.
 * @throws {InputError} if a bit of it was changed, or it is of another version.
 */
export function parseManifest(
  text: string,
  { file, hint, hashOf }: { file: string; hint: string; hashOf: (body: string) => string },
): Manifest {
  const { formatVersion, files } = unsealJson(text, { file, hint, hashOf }) as {
    formatVersion: number;
    files: Record<string, { bytes: number; sha256: string }>;
  };
  if (formatVersion !== manifestVersion)
    throw new InputError(`expected a manifest of version ${manifestVersion}, got ${formatVersion}; ${hint}`, { file });
  return new Map(Object.entries(files));
}

/** The manifest of a folder; undefined where there is none. @throws {InputError} if it is damaged. */
export function readManifest(folder: string, hint: string): Manifest | undefined {
  const file = join(folder, manifestName);
  return existsSync(file)
    ? parseManifest(bytesOf(file, hint).toString('utf8'), { file, hint, hashOf: sha256 })
    : undefined;
}

/** Checks the content of a file. @throws {InputError} if the manifest does not name the file, or has another hash of it. */
export function checkCovered(
  manifest: Manifest,
  name: string,
  content: Uint8Array,
  { file, hint, hashOf }: { file: string; hint: string; hashOf: (content: Uint8Array) => string },
): void {
  const entry = manifest.get(name);
  if (!entry)
    throw new InputError(`expected a file that ${manifestName} names, got one that was not finished; ${hint}`, {
      file,
    });
  if (entry.bytes !== content.length || entry.sha256 !== hashOf(content))
    throw new InputError(`expected the bytes that ${manifestName} has the hash of, got others; ${hint}`, { file });
}

/**
 * Reads a file of a folder and checks it.
 *
 * @param hint how the file is made again, for errors.
 * @throws {InputError} if it is missing, not named in the manifest, or a bit of it was changed.
 */
export function readCovered(
  folder: string,
  name: string,
  { manifest, hint }: { manifest: Manifest; hint: string },
): Buffer {
  const file = join(folder, name);
  if (manifest.has(name) && !existsSync(file))
    throw new InputError(`expected the file that ${manifestName} names, got no such file; ${hint}`, { file });
  const bytes = bytesOf(file, hint);
  checkCovered(manifest, name, bytes, { file, hint, hashOf: sha256 });
  return bytes;
}

/** Whether a file of a folder is there and as its manifest names it; false, too, where the manifest is missing or damaged. */
export function isCovered(folder: string, name: string): boolean {
  try {
    const manifest = readManifest(folder, '');
    if (!manifest) return false;
    readCovered(folder, name, { manifest, hint: '' });
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

/**
 * Writes files of a folder and then the manifest that names them; what else it named stays. While they are written the manifest does
 * not name them: a writer that was killed leaves files that count as unfinished, not as damaged.
 *
 * @param files contents by name; undefined removes the file.
 */
export function writeCovered(folder: string, files: Readonly<Record<string, string | Uint8Array | undefined>>): void {
  const entries = new Map(manifestOrNone(folder));
  const names = Object.keys(files);
  if (names.filter((name) => entries.delete(name)).length > 0)
    writeFileAtomic(join(folder, manifestName), manifestText(entries));
  for (const name of names) {
    const content = files[name];
    if (content === undefined) {
      if (existsSync(join(folder, name))) remove(join(folder, name));
      continue;
    }
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    writeFileAtomic(join(folder, name), bytes);
    entries.set(name, { bytes: bytes.length, sha256: sha256(bytes) });
  }
  writeFileAtomic(join(folder, manifestName), manifestText(entries));
}

/** Names files of a folder in its manifest as they lie there; what else it named stays. Those that are not there are left out. */
export function coverFiles(folder: string, names: readonly string[]): void {
  const entries = new Map(manifestOrNone(folder));
  for (const name of names) {
    entries.delete(name);
    if (!existsSync(join(folder, name))) continue;
    const bytes = bytesOf(join(folder, name), 'write it again');
    entries.set(name, { bytes: bytes.length, sha256: sha256(bytes) });
  }
  writeFileAtomic(join(folder, manifestName), manifestText(entries));
}

/** The manifest, or none where it is damaged: what is written next is named in a new one, and the rest is no longer. */
function manifestOrNone(folder: string): Manifest {
  try {
    return readManifest(folder, '') ?? new Map();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return new Map();
  }
}

function bytesOf(file: string, hint: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw unreadable(error, 'a file', file, hint);
  }
}
