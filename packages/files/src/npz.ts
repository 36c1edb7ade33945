import { InputError } from './input-error.js';
import { readNpy, type NumericArray } from './npy.js';
import { openZip, unpackedLimit } from './zip.js';

/**
 * Reads a NumPy archive (`numpy.savez`, `savez_compressed`; MedMNIST's format), an array after the other.
 *
 * @param limitBytes the most that all arrays together may unpack to. Default 8 GiB.
 * @throws {InputError} if it is no archive, if an array in it is broken, or if it would unpack to more than the limit, or to more
 *   than 256 MiB and 50 times its size: images shrink to a fifth or tenth.
 */
export async function readNpz(
  file: string,
  { limitBytes = 8 * 2 ** 30 }: { limitBytes?: number } = {},
): Promise<Map<string, NumericArray>> {
  const zip = await openZip(file);
  try {
    const arrays = zip.entries.filter(({ name }) => name.endsWith('.npy'));
    const total = arrays.reduce((sum, { size }) => sum + size, 0);
    const most = Math.min(limitBytes, unpackedLimit(zip.size));
    if (total > most)
      throw new InputError(
        `expected at most ${most} bytes when unpacked, got ${total}; ${most < limitBytes ? 'is it made to fill the memory? Save it without compression' : 'split the archive'}`,
        { file },
      );
    const read = new Map<string, NumericArray>();
    for (const { name } of arrays) read.set(name.slice(0, -4), readNpy(await zip.read(name), `${file}:${name}`));
    return read;
  } finally {
    await zip.close();
  }
}
