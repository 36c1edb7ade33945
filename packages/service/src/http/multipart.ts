/** A part of a multipart body. */
export interface Part {
  /** By lower-case name. */
  headers: Record<string, string>;
  body: Uint8Array;
}

/** A body that is not what its content type says. */
export class MultipartFault extends Error {
  override readonly name = 'MultipartFault';
}

/** RFC 2046 allows 70; Orthanc sends 73. */
const longestBoundary = 256;
/** The most parts that a body may have. */
const mostParts = 10_000;

/**
 * The parts of a multipart body: form-data of a page, or related as DICOMweb sends it.
 *
 * @param contentType with the boundary.
 * @throws {MultipartFault} if the boundary is missing, or the body is cut short.
 * @see RFC 2046 5.1.1.
 */
export function partsOf(body: Buffer, contentType: string): Part[] {
  const boundary = parameter(contentType, 'boundary');
  if (!boundary || boundary.length > longestBoundary)
    throw new MultipartFault(`expected a boundary of 1 to ${longestBoundary} characters`);
  const mark = Buffer.from(`--${boundary}`, 'latin1');
  let at = body.indexOf(mark);
  if (at < 0) throw new MultipartFault('expected a part, got none');
  const parts: Part[] = [];
  for (;;) {
    const after = at + mark.length;
    if (body.subarray(after, after + 2).toString('latin1') === '--') return parts;
    const start = body.indexOf('\n', after) + 1;
    const next = body.indexOf(mark, start);
    if (start === 0 || next < 0) throw new MultipartFault('expected a closing boundary, got a body that is cut short');
    if (parts.length >= mostParts) throw new MultipartFault(`expected at most ${mostParts} parts`);
    parts.push(partOf(body.subarray(start, next)));
    at = next;
  }
}

/** A parameter of a header such as a content type, with or without quotes. */
export function parameter(header: string, name: string): string | undefined {
  const found = new RegExp(`;\\s*${name}\\s*=\\s*("([^"]*)"|[^;\\s]+)`, 'i').exec(header);
  return found ? (found[2] ?? found[1]) : undefined;
}

function partOf(bytes: Buffer): Part {
  const [separator, length] = bytes.indexOf('\r\n\r\n') >= 0 ? ['\r\n\r\n', 4] : ['\n\n', 2];
  const isBare = bytes.subarray(0, 2).toString('latin1') === '\r\n';
  const end = isBare ? 0 : bytes.indexOf(separator);
  if (end < 0) throw new MultipartFault('expected headers and an empty line in each part');
  const headers: Part['headers'] = {};
  for (const line of bytes.subarray(0, end).toString('latin1').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  const start = isBare ? 2 : end + length;
  // The line break before the boundary belongs to the boundary.
  const isWindows = bytes.subarray(-2).toString('latin1') === '\r\n';
  const body = bytes.subarray(start, Math.max(start, bytes.length - (isWindows ? 2 : 1)));
  return { headers, body: new Uint8Array(body) };
}
