import { isAscii } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { InputError } from '@cxr-align/files';
import { otherKind } from './file-kinds.js';

/** The most bytes that a table may unpack to. */
const tableLimit = 2 ** 36;

/**
 * The text of a file, piece by piece: UTF-8 or, with a byte order mark, UTF-16; gzipped or not.
 *
 * @param place names the row that was read last, for errors.
 * @throws {InputError} if the file is missing, empty or binary, or of another kind, which is named.
 */
export async function* tableText(place: { file: string; row: number }): AsyncGenerator<string, void> {
  let encoding: string | undefined;
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let total = 0;
  try {
    for await (const bytes of unpacked(place.file)) {
      if (total === 0) refuseOther(bytes, place.file);
      total += bytes.length;
      if (total > tableLimit)
        throw new InputError(`expected at most ${tableLimit / 2 ** 30} GiB of text, got more; split the table`, {
          ...place,
        });
      encoding ??= encodingOf(bytes);
      // Plain ASCII, of which most tables are, takes a byte a character in memory, and is quicker to read.
      if (!decoder && !isAscii(bytes)) decoder = new TextDecoder(encoding, { fatal: true });
      const text = decoder ? decoder.decode(bytes, { stream: true }) : asciiText(bytes);
      if (text.includes('\0'))
        throw new InputError('expected text, got NUL characters (a binary file?); save it as UTF-8', { ...place });
      yield text;
    }
    if (total === 0)
      throw new InputError('expected a header and rows, got an empty file; export the table again', {
        file: place.file,
      });
    if (decoder) yield decoder.decode();
  } catch (error) {
    if (error instanceof InputError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw new InputError(
        `expected ${decoder!.encoding.toUpperCase()} text, got other bytes after this row; save it as UTF-8`,
        { ...place },
      );
    if (code?.startsWith('Z_'))
      throw new InputError(`expected a whole gzipped table, got ${message}; copy the file again`, { ...place });
    throw new InputError(`expected a table, got ${code ?? message}; check the path`, { file: place.file });
  }
}

function refuseOther(start: Uint8Array, file: string): void {
  const kind = otherKind(start);
  if (kind) throw new InputError(`expected a CSV table, got ${kind.what}; ${kind.hint}`, { file });
}

function asciiText({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1');
}

function encodingOf(start: Uint8Array): string {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  return start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : 'utf-8';
}
/** The bytes of a file, unpacked if it is gzipped, whatever its name. */
async function* unpacked(file: string): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(file, { highWaterMark: 2 ** 18 });
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  try {
    const first = await chunks.next();
    if (first.done) return;
    const all = async function* (): AsyncGenerator<Uint8Array> {
      yield first.value;
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
    };
    const [one, two] = first.value;
    if (one !== 0x1f || two !== 0x8b) yield* all();
    else yield* gunzipped(all);
  } finally {
    stream.destroy();
  }
}
async function* gunzipped(source: () => AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: 2 ** 18 });
  // The error of either side is thrown where the bytes are read.
  const done = pipeline(source, gunzip).catch((error: Error) => gunzip.destroy(error));
  try {
    yield* gunzip as AsyncIterable<Uint8Array>;
  } finally {
    gunzip.destroy();
    await done;
  }
}
