/** What file systems answer where the input has no mistake, and what to try. */
const answers: Readonly<Record<string, readonly [string, string]>> = {
  ENOSPC: ['the disk is full', 'free space there and start again; what was finished is kept'],
  EDQUOT: ['the quota is used up', 'free space there and start again; what was finished is kept'],
  EROFS: ['the disk is read-only', 'use a folder on another disk, or make this one writable'],
  EACCES: ['no permission', 'use another folder, or ask for the permission'],
  EPERM: ['no permission', 'use another folder, or ask for the permission'],
  EIO: ['the disk failed', 'check the disk, then start again; what was finished and can be read is kept'],
  ENODEV: ['the disk is gone', 'connect it, then start again'],
  ENXIO: ['the disk is gone', 'connect it, then start again'],
  ESTALE: ['the file server lost the file', 'mount the folder again, then start again'],
  ENOTCONN: ['the file server is gone', 'mount the folder again, then start again'],
  EHOSTDOWN: ['the file server is gone', 'mount the folder again, then start again'],
  ETIMEDOUT: ['the file server does not answer', 'start again once it does'],
  ENOENT: ['its folder is gone', 'make the folder again, or connect its disk, then start again'],
  ENOTDIR: ['a file where its folder should be', 'use another folder'],
  EEXIST: ['a file where its folder should be', 'use another folder'],
  EISDIR: ['a folder of that name', 'use another name'],
  EFBIG: ['the file system takes no file so large', 'use a folder on another disk'],
  ENAMETOOLONG: ['the name is too long', 'use a shorter one'],
  EMFILE: ['too many open files', 'raise the limit (ulimit -n)'],
  ENFILE: ['too many open files', 'raise the limit of the system'],
  EBUSY: ['another program uses it', 'close that one'],
};

/** A file that cannot be written or read through no fault of its content: a disk that is full, read-only or gone. */
export class DiskError extends Error {
  override readonly name = 'DiskError';

  constructor(
    readonly path: string,
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${path}: ${message}`, options);
  }
}

/**
 * The error of a file system as one that names the file and reports what to try; any other error as it is.
 *
 * @param purpose what the file could not be, such as `written`.
 */
export function diskError(error: unknown, path: string, purpose: string): unknown {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  if (error instanceof DiskError || code === undefined || !Object.hasOwn(answers, code)) return error;
  const [answer, hint] = answers[code];
  return new DiskError(path, code, `expected that it can be ${purpose}, got ${code} (${answer}); ${hint}`, {
    cause: error,
  });
}

/** Does what reads or writes a file; what the file system refuses is reported with the file's name. */
export function onDisk<T>(path: string, purpose: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw diskError(error, path, purpose);
  }
}
