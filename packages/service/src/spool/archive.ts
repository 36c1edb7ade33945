import { randomUUID } from 'node:crypto';

/** Where results are stored. */
export interface ArchiveOptions {
  /** Of DICOMweb: results are stored by POST to URL/studies. */
  url: string;
  /** Sent with each request, such as Authorization. */
  headers?: Readonly<Record<string, string>>;
  /** Milliseconds that one request may take. Default 60,000. */
  timeoutMs?: number;
}

/** The archive took no objects. */
export class ArchiveFault extends Error {
  override readonly name = 'ArchiveFault';

  /** @param of whether it would have failed for other objects, too; an object that is refused for good is `final`. */
  constructor(
    message: string,
    readonly of: 'archive' | 'object' | 'final',
  ) {
    super(message);
  }
}

/**
 * Stores objects in an archive.
 *
 * @throws {ArchiveFault} if they were not all taken.
 * @see DICOM PS3.18 10.5 (Store Transaction).
 */
export async function storeInArchive(
  { url, headers, timeoutMs = 60_000 }: ArchiveOptions,
  objects: readonly Uint8Array[],
): Promise<void> {
  const boundary = randomUUID();
  const body = Buffer.concat([
    ...objects.flatMap((object) => [
      Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`),
      Buffer.from(object),
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
  let answer: Response;
  try {
    answer = await fetch(`${url.replace(/\/$/, '')}/studies`, {
      method: 'POST',
      body,
      headers: {
        ...headers,
        'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
        accept: 'application/dicom+json',
      },
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    const { cause, message } = error as Error;
    throw new ArchiveFault(
      `the archive was not reached (${(cause as Error | undefined)?.message ?? message})`,
      'archive',
    );
  }
  const text = await answer.text();
  if (answer.status === 200) return;
  // 202: taken in part. 409: none, with reasons.
  const isOfObject = [202, 409].includes(answer.status);
  const isBusy = answer.status >= 500 || [408, 425, 429].includes(answer.status);
  throw new ArchiveFault(
    `the archive answered ${answer.status}${reasonsOf(text)}`,
    isOfObject ? 'object' : isBusy || isMisconfigured(answer.status) ? 'archive' : 'final',
  );
}

/** A token or an address that is wrong is corrected by whoever runs the service: nothing is given up for it. */
function isMisconfigured(status: number): boolean {
  return [401, 403, 404, 405, 407].includes(status);
}

/** The reasons of an answer of the archive: codes, no values of the objects. */
function reasonsOf(text: string): string {
  try {
    const failed = (JSON.parse(text) as Record<string, { Value?: Record<string, { Value?: number[] }>[] }>)['00081198'];
    const codes = (failed?.Value ?? [])
      .map((item) => item['00081197']?.Value?.[0])
      .filter((code) => code !== undefined);
    return codes.length > 0 ? `: failure reasons ${[...new Set(codes)].join(', ')}` : '';
  } catch {
    return '';
  }
}
