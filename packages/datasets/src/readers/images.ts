import { existsSync, statSync, type Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openZip } from '@cxr-align/files';
import { imageCell } from '../cells.js';

const isImage = /\.(png|jpe?g|dcm|dicom|webp|tiff?)$/i;
/** Folders within folders that are looked into. */
const deepest = 3;

/** Where the images of a data set lie that its tables name without a folder. */
export interface ImageIndex {
  /**
   * The path of an image; one that is nowhere is expected in the folder itself.
   *
   * @throws {BadCell} if the name is blank or leads out of the folder.
   */
  path: (name: string, column: string) => string;
  /** Whether an image was found. */
  has: (name: string) => boolean;
}

/** Looks for images in a folder, in the folders within, and in their ZIP archives. */
export async function indexImages(folder: string): Promise<ImageIndex> {
  const found = new Map<string, string>();
  const archives: string[] = [];
  const look = async (at: string, depth: number): Promise<void> => {
    const entries = await readdir(at, { withFileTypes: true });
    for (const entry of entries) {
      if (isImage.test(entry.name)) {
        if (!found.has(entry.name)) found.set(entry.name, join(at, entry.name));
      } else if (/\.zip$/i.test(entry.name)) archives.push(join(at, entry.name));
    }
    if (depth === 0) return;
    for (const entry of entries) if (isFolder(at, entry)) await look(join(at, entry.name), depth - 1);
  };
  if (existsSync(folder)) await look(folder, deepest);
  for (const file of archives) {
    const zip = await openZip(file);
    for (const { name } of zip.entries)
      if (isImage.test(name) && !found.has(basename(name))) found.set(basename(name), `${file}/${name}`);
    await zip.close();
  }
  const fallback = existsSync(join(folder, 'images')) ? join(folder, 'images') : folder;
  return {
    path: (name, column) => found.get(name) ?? imageCell(name, column, fallback),
    has: (name) => found.has(name),
  };
}

/** Links to folders are followed: large sets often lie on another disk. */
function isFolder(at: string, entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return statSync(join(at, entry.name), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The extension that the images of a folder have. @param names without one. */
export function extensionOf(index: ImageIndex, names: Iterable<string>, extensions: readonly string[]): string {
  for (const name of names) {
    const found = extensions.find((extension) => index.has(name + extension));
    if (found !== undefined) return found;
  }
  return extensions[0];
}
