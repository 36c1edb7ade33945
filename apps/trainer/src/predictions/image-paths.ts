import { existsSync, readdirSync, statSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { hasDicomPrefix } from '@cxr-align/classifier';
import { InputError } from '@cxr-align/files';

const hasImageExtension = /\.(png|jpe?g|dcm|dicom|webp|tiff?)$/i;

/**
 * The images that paths name: files as they are, whether they exist or not; folders as the images in them, at any depth, in the
 * order of their names; patterns such as `scans/*.dcm` as the files that match. Each image once.
 *
 * @throws {InputError} if a folder has no image, or a pattern matches none.
 */
export function imagePaths(paths: readonly string[]): string[] {
  return [...new Set(paths.flatMap(imagesAt))];
}

function imagesAt(path: string): string[] {
  if (existsSync(path)) return statSync(path).isDirectory() ? imagesIn(path) : [path];
  if (!/[*?[{]/.test(path)) return [path];
  const files = matching(path);
  if (files.length === 0)
    throw new InputError(`expected a pattern that matches files, got ${path}, which matches none; check the path`);
  return files;
}

function imagesIn(folder: string): string[] {
  const images = walk(folder).filter((file) => hasImageExtension.test(file) || isNamelessDicom(file));
  if (images.length === 0)
    throw new InputError('expected images (PNG, JPEG, TIFF, WebP or DICOM), got none; check the path', {
      file: folder,
    });
  return images;
}

/** Files below a folder in the order of their names, without hidden ones. */
function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.') && name !== '__MACOSX')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      const isFolder =
        entry.isDirectory() || (entry.isSymbolicLink() && existsSync(path) && statSync(path).isDirectory());
      return isFolder ? (entry.isSymbolicLink() ? [] : walk(path)) : [path];
    });
}

/** Archives name DICOM files without an extension: `IM-0001`, `1.2.840.113`. */
function isNamelessDicom(file: string): boolean {
  return !/\.[a-z]\w*$/i.test(file.replace(/^.*[/\\]/, '')) && hasDicomPrefix(file);
}

/** Files that match a pattern: `*` and `?` within a name, `**` over folders, `[abc]`, `{a,b}`. */
function matching(pattern: string): string[] {
  const parts = pattern.split(/[/\\]/);
  const fixed = parts.findIndex((part) => /[*?[{]/.test(part));
  const base = parts.slice(0, fixed).join('/') || (isAbsolute(pattern) ? '/' : '.');
  if (!existsSync(base) || !statSync(base).isDirectory()) return [];
  const expression = new RegExp(`^${patternSource(parts.slice(fixed).join('/'))}$`);
  const prefix = fixed === 0 ? '' : base.endsWith('/') ? base : `${base}/`;
  return walk(base).flatMap((file) => {
    const inner = relative(base, file).replaceAll('\\', '/');
    return expression.test(inner) ? [`${prefix}${inner}`] : [];
  });
}

function patternSource(pattern: string): string {
  return pattern
    .split(/(\*\*\/|\*\*|\*|\?|\[[^\]]+\]|\{[^}]+\})/)
    .map((part) => {
      if (part === '**/') return '(?:.*/)?';
      if (part === '**') return '.*';
      if (part === '*') return '[^/]*';
      if (part === '?') return '[^/]';
      if (/^\[[^\]]+\]$/.test(part)) return part.replace(/^\[!/, '[^').replaceAll('\\', '\\\\');
      if (/^\{[^}]+\}$/.test(part)) return `(?:${part.slice(1, -1).split(',').map(patternSource).join('|')})`;
      return part.replace(/[.+^$()|\\\]}]/g, '\\$&');
    })
    .join('');
}
