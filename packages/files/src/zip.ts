import { fromFd, type Entry, type ZipFile } from 'yauzl';
import { open, type FileHandle } from 'node:fs/promises';
import { InputError } from './input-error.js';

/** An entry of a ZIP archive that is not a folder. */
export interface ZipEntry {
  name: string;
  /** Bytes when unpacked, as the archive says. */
  size: number;
}

/** A ZIP archive of any size, of which single entries are read. */
export interface Zip {
  file: string;
  entries: readonly ZipEntry[];
  /** @throws {InputError} if there is no such entry, if it is damaged, or if it unpacks to more than the archive says. */
  read: (name: string) => Promise<Uint8Array>;
  close: () => Promise<void>;
}

/** The most entries that an archive may have. */
const entryLimit = 2_000_000;
/** The most bytes of an entry: those of the largest array of bytes. */
const sizeLimit = 2 ** 32 - 1;

/** Opens a ZIP archive: its directory is read, its entries are read when asked for. @throws {InputError} if it is none. */
export async function openZip(file: string): Promise<Zip> {
  let handle: FileHandle;
  try {
    handle = await open(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new InputError(`expected a ZIP archive, got ${code === 'ENOENT' ? 'no such file' : code}; check the path`, {
      file,
    });
  }
  const close = (): Promise<void> => handle.close().catch(() => {});
  try {
    const archive = await opened(handle.fd);
    const found = await directory(archive, file);
    return {
      file,
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
    throw new InputError(`expected a ZIP archive, got something else (${(error as Error).message}); copy it again`, {
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
  if (size > sizeLimit) throw new InputError(`expected at most ${sizeLimit} bytes, got ${size}`, place);
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
        // yauzl itself ends a stream that gives more or fewer bytes than the archive says.
        stream.on('data', (chunk: Uint8Array) => {
          bytes.set(chunk, filled);
          filled += chunk.length;
        });
        stream.on('end', () => resolve(bytes));
      });
    });
  } catch (error) {
    throw new InputError(`expected a sound entry, got ${(error as Error).message}; copy the archive again`, place);
  }
}
