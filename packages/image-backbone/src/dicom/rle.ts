/**
 * Decodes DICOM's run-length coding: segments of one byte of each sample, most significant byte first.
 *
 * @param layout pixels, samples of each and bytes of a sample.
 * @returns samples plane by plane, little endian.
 * @throws {Error} if the segments are not those of the layout, or too short.
 * @see DICOM PS3.5 annex G.
 */
export function decodeRle(
  data: Uint8Array,
  { area, samples, bytes }: { area: number; samples: number; bytes: 1 | 2 },
): Uint8Array {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < 64) throw new Error('a header of less than 64 bytes');
  const count = view.getUint32(0, true);
  if (count !== samples * bytes) throw new Error(`${count} segments instead of ${samples * bytes}`);
  const out = new Uint8Array(area * samples * bytes);
  for (let segment = 0; segment < count; segment++) {
    const start = view.getUint32(4 + 4 * segment, true);
    const next = segment + 1 < count ? view.getUint32(8 + 4 * segment, true) : data.length;
    const sample = Math.floor(segment / bytes);
    const first = sample * area * bytes + (bytes - 1 - (segment % bytes));
    unpackBits(data.subarray(start, Math.min(next, data.length)), out, { first, step: bytes, count: area });
  }
  return out;
}

/** Writes runs and literal bytes to every `step`-th place. */
function unpackBits(
  packed: Uint8Array,
  out: Uint8Array,
  { first, step, count }: { first: number; step: number; count: number },
): void {
  let written = 0;
  for (let at = 0; at < packed.length && written < count;) {
    const control = packed[at++];
    if (control === 128) continue;
    const isRun = control > 128;
    const length = Math.min(count - written, isRun ? 257 - control : control + 1);
    if (at + (isRun ? 1 : length) > packed.length) break;
    for (let i = 0; i < length; i++) out[first + step * (written + i)] = packed[isRun ? at : at + i];
    written += length;
    at += isRun ? 1 : control + 1;
  }
  if (written < count) throw new Error(`a segment of ${written} values instead of ${count}`);
}
