import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { unreadable } from './input-error.js';
import { regularFile } from './regular-file.js';
import { headerLimit, parseHeader, type TensorLocation } from './safetensors.js';

/** Reads the header of a safetensors file alone. @throws {InputError} as {@link readSafetensors}, and if there is no file. */
export function readSafetensorsHeader(file: string): Map<string, TensorLocation> {
  regularFile(file, 'a safetensors file');
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    throw unreadable(error, 'a safetensors file', file);
  }
  try {
    const { size } = fstatSync(descriptor);
    const prefix = new Uint8Array(8);
    readSync(descriptor, prefix, 0, 8, 0);
    const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
    const head = new Uint8Array(Math.min(size, 8 + Math.min(length, headerLimit)));
    readSync(descriptor, head, 0, head.length, 0);
    return parseHeader(head, size, file).places;
  } finally {
    closeSync(descriptor);
  }
}
