import { deflateRawSync } from 'node:zlib';
import sharp from 'sharp';

type Element = readonly [vr: string, value: string | readonly number[] | Uint8Array | { fragment: Uint8Array }];

const side = 16;
const grey = Uint8Array.from({ length: side * side }, (_, i) => (i * 7) % 256);

/** A DICOM file, explicit little endian. */
function dicom(syntax: string, more: Record<string, Element>, isDeflated = false): Uint8Array {
  const elements: Record<string, Element> = {
    '00080018': ['UI', '1.2.3'],
    '00100020': ['LO', 'P1'],
    '00101010': ['AS', '057Y'],
    '00280002': ['US', [1]],
    '00280004': ['CS', 'MONOCHROME2'],
    '00280010': ['US', [side]],
    '00280011': ['US', [side]],
    '00280100': ['US', [8]],
    '00280101': ['US', [8]],
    '00280102': ['US', [7]],
    '00280103': ['US', [0]],
    '00281050': ['DS', '128'],
    '00281051': ['DS', '256'],
    ...more,
  };
  const meta = encoded({ '00020010': ['UI', syntax] });
  const head = encoded({ '00020000': ['UL', new Uint8Array(Uint32Array.of(meta.length).buffer)] });
  const body = encoded(elements);
  return new Uint8Array(
    Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), head, meta, isDeflated ? deflateRawSync(body) : body]),
  );
}

function encoded(elements: Record<string, Element>): Buffer {
  return Buffer.concat(
    Object.keys(elements)
      .sort()
      .flatMap((tag) => {
        const [vr, value] = elements[tag];
        const head = Buffer.alloc(['OB', 'OW', 'SQ'].includes(vr) ? 12 : 8);
        head.writeUInt16LE(parseInt(tag.slice(0, 4), 16), 0);
        head.writeUInt16LE(parseInt(tag.slice(4), 16), 2);
        head.write(vr, 4, 'latin1');
        const body = contentOf(value);
        const size = typeof value === 'object' && 'fragment' in value ? 0xffffffff : body.length;
        if (head.length === 12) head.writeUInt32LE(size, 8);
        else head.writeUInt16LE(size, 6);
        return [head, body];
      }),
  );
}

function contentOf(value: Element[1]): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value === 'string') return Buffer.from(value.length % 2 === 0 ? value : `${value} `, 'latin1');
  if (!('fragment' in value)) return Buffer.from(Uint16Array.from(value).buffer);
  const item = (tag: number, body: Uint8Array): Buffer => {
    const head = Buffer.from([0xfe, 0xff, tag, 0xe0, 0, 0, 0, 0]);
    head.writeUInt32LE(body.length, 4);
    return Buffer.concat([head, body]);
  };
  const even = value.fragment.length % 2 ? Buffer.concat([value.fragment, Buffer.alloc(1)]) : value.fragment;
  const none = new Uint8Array(0);
  return Buffer.concat([item(0, none), item(0, even), item(0xdd, none)]);
}

interface FrameEncoder {
  setDecompositions?(count: number): void;
  getDecodedBuffer(frame: object): Uint8Array;
  encode(): void;
  getEncodedBuffer(): Uint8Array;
}
type Encoders = { JpegLSEncoder: new () => FrameEncoder; J2KEncoder: new () => FrameEncoder };

/** A compressed stream of the picture. */
async function compressed(codec: 'charls' | 'openjpeg'): Promise<Uint8Array> {
  const name: string = `@cornerstonejs/codec-${codec}/wasmjs`;
  const { default: factory } = (await import(name)) as { default: (options: object) => Promise<Encoders> };
  const module = await factory({ print: () => {}, printErr: () => {} });
  const encoder = new (codec === 'charls' ? module.JpegLSEncoder : module.J2KEncoder)();
  const frame = { width: side, height: side, bitsPerSample: 8, componentCount: 1, isSigned: false };
  encoder.getDecodedBuffer(frame).set(grey);
  // A picture as small as this cannot be halved five times.
  encoder.setDecompositions?.(2);
  encoder.encode();
  return new Uint8Array(encoder.getEncodedBuffer());
}

/** One run of literal bytes after another, as DICOM's run-length coding has them. */
function runLengths(bytes: Uint8Array): Uint8Array {
  const head = Buffer.alloc(64);
  head.writeUInt32LE(1, 0);
  head.writeUInt32LE(64, 4);
  const parts: Buffer[] = [head];
  for (let at = 0; at < bytes.length; at += 128) {
    const part = bytes.subarray(at, at + 128);
    parts.push(Buffer.from([part.length - 1]), Buffer.from(part));
  }
  return Buffer.concat(parts);
}

const pixels = (fragment: Uint8Array): Record<string, Element> => ({ '7fe00010': ['OB', { fragment }] });

/** Files of each coding of the pixels. */
export const dicomFiles: readonly { name: string; seeds: () => Promise<Uint8Array[]> }[] = [
  {
    name: 'native',
    seeds: async () => {
      const deep: Record<string, Element> = {
        '00280100': ['US', [16]],
        '00280101': ['US', [12]],
        '00280102': ['US', [11]],
        '7fe00010': ['OW', new Uint8Array(Uint16Array.from(grey, (value) => value * 16).buffer)],
      };
      return [
        dicom('1.2.840.10008.1.2.1', { '7fe00010': ['OB', grey] }),
        dicom('1.2.840.10008.1.2.1', deep),
        dicom('1.2.840.10008.1.2.1.99', deep, true),
      ];
    },
  },
  { name: 'rle', seeds: async () => [dicom('1.2.840.10008.1.2.5', pixels(runLengths(grey)))] },
  {
    name: 'jpeg',
    seeds: async () => {
      const image = sharp(grey, { raw: { width: side, height: side, channels: 1 } }).toColourspace('b-w');
      return [dicom('1.2.840.10008.1.2.4.50', pixels(await image.jpeg().toBuffer()))];
    },
  },
  { name: 'jpeg-ls', seeds: async () => [dicom('1.2.840.10008.1.2.4.80', pixels(await compressed('charls')))] },
  { name: 'jpeg-2000', seeds: async () => [dicom('1.2.840.10008.1.2.4.90', pixels(await compressed('openjpeg')))] },
];
