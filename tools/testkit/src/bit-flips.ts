import { readFileSync, writeFileSync } from 'node:fs';
import { RandomStream } from '@cxr-align/random';

/** A changed bit that a reader did not refuse as it should. */
export interface BitFlip {
  file: string;
  bit: number;
  /** What it threw instead of an input error that names a file; undefined if it threw nothing. */
  thrown?: unknown;
}

/**
 * Changes one bit of a file at a time, at random places, and reads what it belongs to: each time that must end with an input error
 * that names a file and a hint. The files are put back.
 *
 * @param files paths; the flips are shared out evenly, so that small files get as many as large ones.
 * @returns the flips that were not refused so.
 */
export async function flipBits(
  files: readonly string[],
  { flips, seed, read }: { flips: number; seed: number; read: () => unknown },
): Promise<BitFlip[]> {
  const random = new RandomStream({ seed, purpose: 'bit-flips' });
  const missed: BitFlip[] = [];
  for (let i = 0; i < flips; i++) {
    const file = files[i % files.length];
    const bytes = readFileSync(file);
    const bit = Math.floor(random.uniform() * 8 * bytes.length);
    bytes[bit >> 3] ^= 1 << (bit & 7);
    writeFileSync(file, bytes);
    try {
      await read();
      missed.push({ file, bit });
    } catch (thrown) {
      const { name, message } = thrown as Error;
      if (name !== 'InputError' || !/^[^:]+: expected .*, got .*; /s.test(message)) missed.push({ file, bit, thrown });
    } finally {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      writeFileSync(file, bytes);
    }
  }
  return missed;
}
