import { basename } from 'node:path';

/** A file name for what is made of an image: its own without the ending, with folders and ending where another image has the same. */
export function imageFileName(image: string, images: readonly string[]): string {
  const withoutEnding = (path: string): string => basename(path).replace(/\.[^.]+$/, '');
  const isAlone = images.filter((other) => withoutEnding(other) === withoutEnding(image)).length === 1;
  return isAlone ? withoutEnding(image) : image.replace(/^[./\\]+/, '').replace(/[/\\:]+/g, '-');
}
