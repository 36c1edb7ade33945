import { InputError } from '@cxr-align/files';

/** Deflate packs at most so many bytes into one. */
const bestDeflate = 1032;
const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/**
 * Refuses a PNG file that is too small for the pixels that it claims, before memory is taken for them.
 *
 * @throws {InputError} if its bytes cannot hold so many.
 */
export function refuseHollowPng(bytes: Uint8Array, file: string): void {
  if (bytes.length < 33 || bytes[0] !== 0x89 || bytes[1] !== 0x50) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height, depth] = [view.getUint32(16), view.getUint32(20), bytes[24]];
  const rowBytes = (width * depth * (channelsOf[bytes[25]] ?? 1)) / 8;
  if (rowBytes * height > bestDeflate * bytes.length)
    throw new InputError(
      `expected the data of ${width} × ${height} pixels, got a file of ${bytes.length} bytes, which cannot hold them; it is cut short or damaged, copy it again`,
      { file },
    );
}
