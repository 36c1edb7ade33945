import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { InputError, sha256 } from '@cxr-align/files';

/**
 * The identity of a model: the SHA-256 of the names and contents of all files of its folder, such as `RUN/model`. Two models
 * that differ in a weight, a threshold, a calibration or a label have two hashes.
 *
 * @returns 64 hexadecimal digits.
 * @throws {InputError} if the folder cannot be read.
 */
export function folderHash(folder: string): string {
  const hash = createHash('sha256');
  for (const file of filesOf(folder))
    hash.update(`${file.replaceAll('\\', '/')}\0${sha256(readFileSync(join(folder, file)))}\n`);
  return hash.digest('hex');
}

/** The identity of the two halves of a dual encoder: folders by their files, others by their names. */
export function dualEncoderHash({ encoder, textEncoder }: { encoder: string; textEncoder: string }): string {
  return sha256([encoder, textEncoder].map((half) => (existsSync(half) ? folderHash(half) : half)).join('\n'));
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
      .sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(
      `expected a folder of a model, got ${code === 'ENOENT' ? 'no such folder' : code}; check the path`,
      { file: folder },
    );
  }
}
