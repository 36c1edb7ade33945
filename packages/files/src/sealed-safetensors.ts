import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { sha256 } from './checksum.js';
import { InputError, unreadable } from './input-error.js';
import { readSafetensors, writeSafetensors, type StoredTensor } from './safetensors.js';

const empty = '0'.repeat(64);

/**
 * Writes tensors in the safetensors format with a hash of the whole file in its metadata, computed with zeros in the place of the
 * hash: no bit of the file can change unseen.
 *
 * @param metadata texts kept in the header; `sha256` is the hash's.
 */
export function sealSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  // First, so that no text before it can look like it.
  const bytes = writeSafetensors(tensors, { metadata: { sha256: empty, ...metadata } });
  const at = placeOfSeal(bytes);
  if (at < 0)
    throw new RangeError('files/sealSafetensors: expected metadata without sha256, got one with it; leave it out');
  bytes.set(new TextEncoder().encode(sha256(bytes)), at);
  return bytes;
}

/**
 * Reads a file of {@link sealSafetensors}.
 *
 * @throws {InputError} if it is missing, cut, or has other bytes than were written.
 */
export function readSealedSafetensors(file: string): {
  tensors: Map<string, StoredTensor>;
  metadata: Record<string, string>;
} {
  const bytes = readWhole(file);
  const at = placeOfSeal(bytes);
  const damaged = (): InputError =>
    new InputError('expected the bytes that its own hash is of, got others; the file is cut or damaged', { file });
  if (at < 0) throw damaged();
  const seal = new TextDecoder().decode(bytes.subarray(at, at + 64));
  bytes.fill(0x30, at, at + 64);
  if (sha256(bytes) !== seal) throw damaged();
  return readSafetensors(bytes, file);
}

/** The byte at which the hash starts: the header begins with the metadata, and they with it. −1 if it does not. */
function placeOfSeal(bytes: Uint8Array): number {
  const start = new TextEncoder().encode('{"__metadata__":{"sha256":"');
  const isThere = bytes.length >= 8 + start.length + 64 && start.every((byte, i) => bytes[8 + i] === byte);
  return isThere ? 8 + start.length : -1;
}

/** All bytes of a file, also of one above the 2 GiB that Node reads at once. */
function readWhole(file: string): Uint8Array {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    throw unreadable(error, 'a safetensors file', file);
  }
  try {
    const bytes = new Uint8Array(fstatSync(descriptor).size);
    for (let done = 0; done < bytes.length;) {
      const count = readSync(descriptor, bytes, done, Math.min(bytes.length - done, 2 ** 30), done);
      if (count === 0) break;
      done += count;
    }
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}
