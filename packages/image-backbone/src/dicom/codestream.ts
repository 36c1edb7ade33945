import type { PixelCoding } from './transfer-syntaxes.js';

/** What a compressed image states about itself before it is decoded. */
export interface Codestream {
  coding: PixelCoding;
  name: string;
  width: number;
  height: number;
  components: number;
  /** Bits of a sample. */
  bits: number;
  /** Whether the samples of each component lie together once they are decoded. */
  isPlanar: boolean;
  /** JPEG 2000: whether the decoder turns luma and chroma into red, green and blue. JPEG: see {@link JpegColours}. */
  isTransformed: boolean;
  colours?: JpegColours;
  /** JPEG 2000: parts that are decoded on their own. */
  tiles?: number;
}

/** By which a JPEG file declares its colours: Adobe's marker, JFIF (always luma and chroma), or neither. */
export type JpegColours = 'adobe' | 'jfif' | 'unsaid';

/**
 * The size and kind of a JPEG, JPEG-LS or JPEG 2000 stream, from its markers alone.
 *
 * @returns undefined for other bytes.
 * @see ITU-T T.81 B.2 (JPEG), T.87 C.2 (JPEG-LS), T.800 A.5 (JPEG 2000).
 */
export function readCodestream(bytes: Uint8Array): Codestream | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12) return undefined;
  if (view.getUint16(0) === 0xffd8) return readJpeg(view);
  const start = view.getUint32(4) === jp2Signature ? codestreamBox(view) : 0;
  return start !== undefined && start + 12 < bytes.length && view.getUint32(start) === 0xff4fff51
    ? readJpeg2000(view, start)
    : undefined;
}

/** Start-of-frame markers that are read, of which 0xc0 to 0xc2 are sequential and progressive DCT. */
const frames: Record<number, { coding: PixelCoding; name: string }> = {
  0xc0: { coding: 'jpeg', name: 'JPEG Baseline' },
  0xc1: { coding: 'jpeg', name: 'JPEG Extended' },
  0xc2: { coding: 'jpeg', name: 'JPEG Progressive' },
  0xc3: { coding: 'jpeg-lossless', name: 'JPEG Lossless' },
  0xf7: { coding: 'jpeg-ls', name: 'JPEG-LS' },
};

function readJpeg(view: DataView): Codestream | undefined {
  let found: Codestream | undefined;
  let colours: JpegColours = 'unsaid';
  for (let at = 2; at + 4 <= view.byteLength;) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    const length = view.getUint16(at + 2);
    if (marker === 0xff) {
      at++; // fill bytes
      continue;
    }
    const end = at + 2 + length;
    if (length < 2 || end > view.byteLength) return undefined;
    if (marker === 0xee && textAt(view, at + 4, 5) === 'Adobe') colours = 'adobe';
    else if (marker === 0xe0 && textAt(view, at + 4, 4) === 'JFIF' && colours === 'unsaid') colours = 'jfif';
    else if (frames[marker] && length >= 8) {
      // A decoder may obey the first of several sizes, or the last.
      if (found) return undefined;
      found = {
        ...frames[marker],
        bits: view.getUint8(at + 4),
        height: view.getUint16(at + 5),
        width: view.getUint16(at + 7),
        components: view.getUint8(at + 9),
        isPlanar: false,
        isTransformed: false,
      };
    }
    // Start of scan: of JPEG-LS the byte before the last gives how components are interleaved.
    else if (marker === 0xda)
      return found && { ...found, colours, isPlanar: marker === 0xda && isOfPlanes(found, view, end) };
    at = end;
  }
  return found && { ...found, colours };
}

function isOfPlanes({ coding }: Codestream, view: DataView, endOfScanHeader: number): boolean {
  return coding === 'jpeg-ls' && view.getUint8(endOfScanHeader - 2) === 0;
}

function readJpeg2000(view: DataView, start: number): Codestream | undefined {
  if (start + 42 > view.byteLength) return undefined;
  const word = (at: number): number => view.getUint32(start + at);
  let isTransformed = false;
  // Markers of the main header: that of the coding style says whether components are transformed.
  for (let at = start + 2; at + 4 <= view.byteLength && view.getUint16(at) !== 0xff90;) {
    if (view.getUint16(at) === 0xff52 && at + 9 <= view.byteLength) isTransformed = view.getUint8(at + 8) === 1;
    at += 2 + view.getUint16(at + 2);
  }
  return {
    coding: 'jpeg-2000',
    name: 'JPEG 2000',
    width: word(8) - word(16),
    height: word(12) - word(20),
    components: view.getUint16(start + 40),
    bits: start + 43 <= view.byteLength ? (view.getUint8(start + 42) & 127) + 1 : 0,
    isPlanar: false,
    isTransformed,
    tiles: tilesAlong(word(8), word(32), word(24)) * tilesAlong(word(12), word(36), word(28)),
  };
}

/** T.800 B.3: tiles from an offset to the end of the reference grid. */
function tilesAlong(end: number, offset: number, size: number): number {
  return Math.ceil((end - offset) / size);
}

/** The second word of a JP2 file. */
const jp2Signature = 0x6a502020;

/** Where the codestream of a JP2 file starts. */
function codestreamBox(view: DataView): number | undefined {
  for (let at = 0; at + 8 <= view.byteLength;) {
    const length = view.getUint32(at);
    if (textAt(view, at + 4, 4) === 'jp2c') return at + 8;
    if (length < 8) return undefined;
    at += length;
  }
  return undefined;
}

function textAt(view: DataView, at: number, length: number): string {
  if (at + length > view.byteLength) return '';
  return String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at, length));
}
