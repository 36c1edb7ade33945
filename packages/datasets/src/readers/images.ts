import { existsSync, realpathSync, statSync, type Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { InputError, openZip } from '@cxr-align/files';
import { imageCell } from '../columns/cell-values.js';

const isImage = /\.(png|jpe?g|dcm|dicom|webp|tiff?)$/i;
/** Archives that are not searched. */
const isOtherArchive = /\.(tar(\.(gz|bz2|xz|zst))?|tgz|7z|rar)$/i;
/** Folders within folders that are searched. */
const deepest = 8;

/** Files and folders that programs keep for themselves: thumbnails, resource forks, recycle bins. */
export function isHidden(name: string): boolean {
  return /^\.|^__MACOSX$|^@eaDir$|^#recycle$|^\$RECYCLE\.BIN$|^lost\+found$|^System Volume Information$/i.test(name);
}

/** Whether a file is an image by its name. */
export function isImageName(name: string): boolean {
  return isImage.test(name);
}

/** Names by which an image was found that are not the table's, and how often. */
export type ImageRule = 'another case' | 'the extension added' | 'another extension' | 'forward slashes';

/** Where the images of a data set lie. */
export interface ImageIndex {
  /** Images that were found. */
  size: number;
  /**
   * The path of an image; one that is nowhere is expected in the folder itself.
   *
   * @throws {AnnotationError} if the name is blank or leads out of the folder.
   * @throws {InputError} if two files have the name, and the table does not decide.
   */
  path: (name: string, column: string) => string;
  /** Whether an image of just this name was found. */
  has: (name: string) => boolean;
  /** For the remarks: names that were found by a rule, images that were not found, archives that are not read. */
  remarks: () => string[];
}

interface Found {
  /** Paths relative to the folder. */
  files: string[];
  archives: string[];
  otherArchives: string[];
}

/**
 * Finds images in a folder, in the folders within, and in their ZIP archives; hidden folders are not searched.
 *
 * @param expected where an image is expected that is nowhere: in images/ where that is there, else in the folder.
 */
export async function indexImages(
  folder: string,
  { expected = existsSync(join(folder, 'images')) ? join(folder, 'images') : folder }: { expected?: string } = {},
): Promise<ImageIndex> {
  const { files, archives, otherArchives } = existsSync(folder)
    ? await walk(folder)
    : { files: [], archives: [], otherArchives: [] };
  const loose = new NameIndex(files);
  const packed = new NameIndex(await entriesOf(folder, archives));
  const rules = new Map<ImageRule, { count: number; example: string }>();
  let missing = 0;
  let firstMissing = '';
  const find = (name: string): { path: string; rules: ImageRule[] } | undefined => {
    const plain = name
      .trim()
      .replaceAll('\\', '/')
      .replace(/^(\.\/)+/, '');
    const found = loose.find(plain, folder) ?? packed.find(plain, folder);
    return (
      found && {
        path: join(folder, found.path),
        rules: name.includes('\\') ? ['forward slashes', ...found.rules] : found.rules,
      }
    );
  };
  return {
    size: files.length + packed.size,
    path: (name, column) => {
      const found = find(name);
      if (!found) {
        const path = imageCell(name.replaceAll('\\', '/'), column, expected);
        if (missing++ === 0) firstMissing = name;
        return path;
      }
      for (const rule of found.rules) {
        const known = rules.get(rule) ?? { count: 0, example: `${name} is ${relative(folder, found.path)}` };
        rules.set(rule, { ...known, count: known.count + 1 });
      }
      return found.path;
    },
    has: (name) => find(name)?.rules.length === 0,
    remarks: () => [
      ...[...rules].map(
        ([rule, { count, example }]) => `${count} image names of the table were found with ${rule} (${example})`,
      ),
      ...(missing > 0 && files.length + packed.size > 0
        ? [`${missing} images of the table are not below ${folder}, the first of them ${firstMissing}`]
        : []),
      ...(missing > 0 && otherArchives.length > 0
        ? [
            `archives that are not read: ${otherArchives.slice(0, 5).join(', ')}${otherArchives.length > 5 ? ` and ${otherArchives.length - 5} more` : ''}; unpack them (tar -xf), ZIP archives are read as they are`,
          ]
        : []),
    ],
  };
}

/** The images of a folder and of the folders within that are not hidden, as paths; archives are not searched. */
export async function listImages(folder: string): Promise<string[]> {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
  return (await walk(folder)).files.sort();
}

async function walk(folder: string): Promise<Found> {
  const found: Found = { files: [], archives: [], otherArchives: [] };
  // A link may lead up to where the search came from.
  const linked = new Set<string>();
  const look = async (inside: string, depth: number): Promise<void> => {
    const at = join(folder, inside);
    const entries = (await readdir(at, { withFileTypes: true })).filter(({ name }) => !isHidden(name));
    for (const entry of entries) {
      const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
      if (entry.isDirectory()) continue;
      if (isImage.test(entry.name)) found.files.push(path);
      else if (/\.zip$/i.test(entry.name)) found.archives.push(path);
      else if (isOtherArchive.test(entry.name)) found.otherArchives.push(path);
    }
    if (depth === 0) return;
    for (const entry of entries) {
      if (!isFolder(at, entry)) continue;
      if (entry.isSymbolicLink()) {
        const target = realpathSync(join(at, entry.name));
        if (linked.has(target)) continue;
        linked.add(target);
      }
      await look(inside === '' ? entry.name : `${inside}/${entry.name}`, depth - 1);
    }
  };
  await look('', deepest);
  return found;
}

async function entriesOf(folder: string, archives: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const archive of archives) {
    const zip = await openZip(join(folder, archive));
    for (const { name } of zip.entries)
      if (isImage.test(name) && !name.split('/').some(isHidden)) found.push(`${archive}/${name}`);
    await zip.close();
  }
  return found;
}

/** Links to folders are followed: large sets often lie on another disk. */
function isFolder(at: string, entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return statSync(join(at, entry.name), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Paths by the names that a table may have for them. */
class NameIndex {
  private readonly byName = new Map<string, string | string[]>();
  private readonly byLower = new Map<string, string | string[]>();
  private readonly byStem = new Map<string, string | string[]>();

  constructor(paths: readonly string[]) {
    this.size = paths.length;
    for (const path of paths) {
      const name = basename(path);
      add(this.byName, name, path);
      add(this.byLower, name.toLowerCase(), path);
      add(this.byStem, stemOf(name).toLowerCase(), path);
    }
  }

  readonly size: number;

  /** @param name relative, with forward slashes. @throws {InputError} if several files fit equally well. */
  find(name: string, folder: string): { path: string; rules: ImageRule[] } | undefined {
    const last = basename(name);
    const exact = choose(this.byName.get(last), name, folder);
    if (exact !== undefined) return { path: exact, rules: [] };
    const lower = choose(this.byLower.get(last.toLowerCase()), name, folder);
    if (lower !== undefined) return { path: lower, rules: ['another case'] };
    const hasExtension = isImage.test(last);
    const stem = (hasExtension ? stemOf(last) : last).toLowerCase();
    const other = choose(this.byStem.get(stem), hasExtension ? stemOf(name) : name, folder);
    return other === undefined
      ? undefined
      : { path: other, rules: [hasExtension ? 'another extension' : 'the extension added'] };
  }
}

function add(index: Map<string, string | string[]>, key: string, path: string): void {
  const known = index.get(key);
  if (known === undefined) index.set(key, path);
  else if (typeof known === 'string') index.set(key, [known, path]);
  else known.push(path);
}

function stemOf(name: string): string {
  return name.replace(isImage, '');
}

/**
 * The path that a name of the table means: its folders, as far as both have some, are the same.
 *
 * @throws {InputError} if there are several that are not one file.
 */
function choose(found: string | string[] | undefined, name: string, folder: string): string | undefined {
  if (found === undefined) return undefined;
  const wanted = foldersOf(name);
  const fitting = (typeof found === 'string' ? [found] : found).filter((path) => {
    const here = foldersOf(path);
    const common = Math.min(here.length, wanted.length);
    return wanted.slice(wanted.length - common).every((part, i) => part === here[here.length - common + i]);
  });
  if (fitting.length <= 1) return fitting[0];
  // The path as the table has it, from the folder itself, decides.
  const same = fitting.find((path) => path.toLowerCase() === name.toLowerCase());
  if (same !== undefined) return same;
  if (new Set(fitting.map((path) => realPath(join(folder, path)))).size === 1) return fitting[0];
  throw new InputError(
    `expected one image ${JSON.stringify(basename(name))} below the folder, got ${fitting.slice(0, 4).join(' and ')}; pass the folder of the images that are meant, or move the copies elsewhere`,
    { file: folder },
  );
}

function foldersOf(path: string): string[] {
  return path.toLowerCase().split('/').slice(0, -1);
}

function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : path.split('/').join(sep);
}

/** The extension that the images of a folder have. @param names without one. */
export function extensionOf(index: ImageIndex, names: Iterable<string>, extensions: readonly string[]): string {
  for (const name of names) {
    const found = extensions.find((extension) => index.has(name + extension));
    if (found !== undefined) return found;
  }
  return extensions[0];
}
