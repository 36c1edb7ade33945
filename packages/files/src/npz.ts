import { unzipSync } from 'fflate';
import { InputError } from './input-error.js';
import { readNpy, type NumericArray } from './npy.js';

/**
 * Reads a NumPy archive (`numpy.savez`, `savez_compressed`; MedMNIST's format).
 *
 * @param limitBytes the most that all arrays together may unpack to. Default 4 GiB.
 * @throws {InputError} if it is no archive, if an array in it is broken, or if it would unpack to more than the limit.
 */
export function readNpz(
  bytes: Uint8Array,
  { file = 'npz', limitBytes = 4 * 2 ** 30 }: { file?: string; limitBytes?: number } = {},
): Map<string, NumericArray> {
  let total = 0;
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        total += originalSize;
        if (total > limitBytes) {
          throw new InputError(`expected at most ${limitBytes} bytes when unpacked, got more; split the archive`, {
            file,
          });
        }
        return name.endsWith('.npy');
      },
    });
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(
      `expected an .npz archive, got something else (${(error as Error).message}); save it with numpy.savez`,
      {
        file,
      },
    );
  }
  return new Map(
    Object.entries(entries).map(([name, content]) => [name.slice(0, -4), readNpy(content, `${file}:${name}`)]),
  );
}
