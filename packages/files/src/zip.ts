import { fromFd, type Entry, type ZipFile } from 'yauzl';
import { open, type FileHandle } from 'node:fs/promises';
import { faultReason } from './fault-reason.js';
import { InputError, unreadable } from './input-error.js';
import { regularFile } from './regular-file.js';

/** An entry of a ZIP archive that is not a folder. */
export interface ZipEntry {
  name: string;
  /** Bytes when unpacked, as the archive declares. */
  size: number;
}

/** A ZIP archive of any size, of which single entries are read. */
export interface Zip {
  file: string;
  /** Bytes of the archive. */
  size: number;
  entries: readonly ZipEntry[];
  /**
   * @throws {InputError} if there is no such entry, if it is damaged, if it unpacks to more than the archive declares, or to more than
   *   256 MiB and 50 times its packed size.
   */
  read: (name: string) => Promise<Uint8Array>;
  close: () => Promise<void>;
}

/** The most entries that an archive may have. */
const entryLimit = 2_000_000;
/** The most bytes of an entry: those of the largest array of bytes. */
const sizeLimit = 2 ** 32 - 1;

/** The most bytes that some bytes may unpack to, lest a small file fills the memory. */
export function unpackedLimit(packed: number): number {
  return 2 ** 28 + 50 * packed;
}

/** Opens a ZIP archive: its directory is read, its entries are read on request. @throws {InputError} if it is none. */
export async function openZip(file: string): Promise<Zip> {
  let handle: FileHandle;
  const { size: archiveSize } = regularFile(file, 'a ZIP archive');
  try {
    handle = await open(file);
  } catch (error) {
    throw unreadable(error, 'a ZIP archive', file);
  }
  const close = (): Promise<void> => handle.close().catch(() => {});
  try {
    const archive = await opened(handle.fd);
    const found = await directory(archive, file);
    return {
      file,
      size: archiveSize,
      entries: [...found.values()].map(({ fileName, uncompressedSize }) => ({
        name: fileName,
        size: uncompressedSize,
      })),
      read: async (name) => {
        const entry = found.get(name);
        if (!entry)
          throw new InputError(`expected ${JSON.stringify(name)} in the archive, got no such entry`, { file });
        return unpack(archive, entry, file);
      },
      close,
    };
  } catch (error) {
    await close();
    if (error instanceof InputError) throw error;
    throw new InputError(`expected a ZIP archive, got something else (${faultReason(error)}); copy it again`, {
      file,
    });
  }
}

function opened(descriptor: number): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    fromFd(descriptor, { lazyEntries: true, autoClose: false }, (error, archive) =>
      error ? reject(error) : resolve(archive),
    );
  });
}

function directory(archive: ZipFile, file: string): Promise<Map<string, Entry>> {
  return new Promise((resolve, reject) => {
    if (archive.entryCount > entryLimit) {
      reject(new InputError(`expected at most ${entryLimit} entries, got ${archive.entryCount}`, { file }));
      return;
    }
    const found = new Map<string, Entry>();
    archive.on('error', reject);
    archive.on('end', () => resolve(found));
    archive.on('entry', (entry: Entry) => {
      if (!entry.fileName.endsWith('/')) found.set(entry.fileName, entry);
      archive.readEntry();
    });
    archive.readEntry();
  });
}

async function unpack(archive: ZipFile, entry: Entry, file: string): Promise<Uint8Array> {
  const size = entry.uncompressedSize;
  const place = { file: `${file}:${entry.fileName}` };
  const most = Math.min(sizeLimit, unpackedLimit(entry.compressedSize));
  if (size > most)
    throw new InputError(
      `expected at most ${most} bytes when unpacked from ${entry.compressedSize}, got ${size}; save it without compression`,
      place,
    );
  try {
    return await new Promise((resolve, reject) => {
      archive.openReadStream(entry, (error, stream) => {
        if (error) {
          reject(error);
          return;
        }
        const bytes = new Uint8Array(size);
        let filled = 0;
        stream.on('error', reject);
        // yauzl itself ends a stream that gives more or fewer bytes than the archive declares.
        stream.on('data', (chunk: Uint8Array) => {
          bytes.set(chunk, filled);
          filled += chunk.length;
        });
        stream.on('end', () => resolve(bytes));
      });
    });
  } catch (error) {
    throw new InputError(`expected a sound entry, got ${faultReason(error)}; copy the archive again`, place);
  }
}
