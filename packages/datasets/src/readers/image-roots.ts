import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { imageCell } from '../columns/cell-values.js';
import { indexImages } from './images.js';

/** Where the image names of a table start. */
export interface ImageRoot {
  folder: string;
  /** The name from there on. */
  strip: (name: string) => string;
}

/** Finds the images that a table names. */
export interface ImageLocator {
  /** @throws {AnnotationError} if the name is blank or leads out of the folder. @throws {InputError} if two files fit. */
  path: (name: string, column: string) => string;
  remarks: () => string[];
}

/** A name without blanks around it and without `./` before it. */
export function plainPath(name: string): string {
  return name.trim().replace(/^(\.\/)+/, '');
}

/** Of some roots the one from which most of some names are found; the first of equally good ones. */
export function bestRoot(roots: readonly ImageRoot[], names: readonly string[]): { root: ImageRoot; found: number } {
  return roots
    .map((root) => ({
      root,
      found: names.filter((name) => existsSync(join(root.folder, root.strip(plainPath(name))))).length,
    }))
    .reduce((best, one) => (one.found > best.found ? one : best));
}

/**
 * Decides by many rows of a table where its image names start: in the folder, or in `images/` within. Where not all of
 * them are there as they stand, the folder is searched, and names are found with another case, without their extension or
 * with backslashes; what was found so is counted in the remarks.
 *
 * @param names those of some rows, evenly spaced.
 * @param looksWithin whether names may start in `images/` within the folder. Default true.
 */
export async function locateImages(
  folder: string,
  names: readonly string[],
  { looksWithin = true }: { looksWithin?: boolean } = {},
): Promise<ImageLocator> {
  const within = join(folder, 'images');
  const roots: ImageRoot[] = [{ folder, strip: (name) => name }];
  if (looksWithin && existsSync(within))
    roots.unshift({ folder: within, strip: (name) => name.replace(/^images\//, '') });
  const { root, found } = bestRoot(roots, names);
  const path = (name: string, column: string): string => imageCell(root.strip(plainPath(name)), column, root.folder);
  const index = found === names.length ? undefined : await indexImages(folder, { expected: root.folder });
  if (!index || index.size === 0) return { path, remarks: () => index?.remarks() ?? [] };
  return {
    path: (name, column) =>
      existsSync(path(name, column)) ? path(name, column) : index.path(root.strip(plainPath(name)), column),
    remarks: index.remarks,
  };
}
