import { withTimeLimit } from '@cxr-align/files';
import type { Codestream } from './codestream.js';

/** A decoder of a WebAssembly module: it holds memory until it is deleted. */
interface FrameDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getDecodedBuffer(): Uint8Array;
  delete(): void;
}

interface CodecModule {
  J2KDecoder?: new () => FrameDecoder;
  JpegLSDecoder?: new () => FrameDecoder;
  getExceptionMessage?(pointer: number): string | [string, string];
}

/** Makes a module; what it would print goes to the functions given. */
type CodecFactory = (options: { print: Print; printErr: Print }) => Promise<CodecModule>;
type Print = (line: string) => void;

/** The packages of the two decoders, each loaded when the first such file is read. */
const packages = {
  'jpeg-2000': '@cornerstonejs/codec-openjpeg/decodewasmjs',
  'jpeg-ls': '@cornerstonejs/codec-charls/decodewasmjs',
} as const;

type CodecName = keyof typeof packages;

/** Modules that are loaded, and what they printed since the last frame. */
const loaded = new Map<CodecName, Promise<{ codec: CodecModule; printed: string[] }>>();

/** Milliseconds that a stream may take: a sound one takes a fiftieth of them. */
const limitOf = ({ width, height }: Codestream): number => 5000 + (width * height) / 200;

/**
 * Decodes a JPEG 2000 or JPEG-LS stream whose size was checked. It is given 5 s and 5 µs a pixel.
 *
 * Nothing is printed: OpenJPEG's own words for damage end in the error.
 *
 * @returns samples of one byte up to 8 bits, else two, little endian.
 * @throws {Error} if the stream is damaged or cut short.
 */
export async function decodeFrame(data: Uint8Array, codestream: Codestream, file: string): Promise<Uint8Array> {
  const name = codestream.coding as CodecName;
  const { codec, printed } = await loadCodec(name);
  printed.length = 0;
  const Decoder = (name === 'jpeg-ls' ? codec.JpegLSDecoder : codec.J2KDecoder)!;
  let decoder: FrameDecoder | undefined;
  try {
    decoder = new Decoder();
    const whole = name === 'jpeg-ls' ? withEndMarker(data) : data;
    decoder.getEncodedBuffer(whole.length).set(whole);
    withTimeLimit({ file }, () => decoder!.decode(), { ms: limitOf(codestream) });
    const damage = printed.find((line) => /\[ERROR\]|truncated|corrupt|not enough|too short|Failed/i.test(line));
    if (damage !== undefined) throw new Error(damage.replace(/^\[\w+\]\s*/, '').trim());
    const out = decoder.getDecodedBuffer().slice();
    decoder.delete();
    return out;
  } catch (error) {
    // A module that has thrown may be broken: the next frame gets a new one.
    loaded.delete(name);
    throw typeof error === 'number' ? new Error(exceptionMessage(codec, error)) : error;
  }
}

/** CharLS searches for the end of a cut stream in all of its memory, for seconds: here it finds one. */
function withEndMarker(data: Uint8Array): Uint8Array {
  const end = data.findLastIndex((byte) => byte !== 0);
  return data[end - 1] === 0xff && data[end] === 0xd9 ? data : Buffer.concat([data, Uint8Array.of(0xff, 0xd9)]);
}

/** It has no types where its exports say. */
const losslessPackage: string = 'jpeg-lossless-decoder-js';

/** JPEG of the lossless processes. */
export async function decodeJpegLossless(data: Uint8Array, codestream: Codestream, file: string): Promise<Uint8Array> {
  const { Decoder } = (await import(losslessPackage)) as {
    Decoder: new () => {
      decode(buffer: ArrayBufferLike, offset: number, length: number, bytes: number): ArrayBufferView;
    };
  };
  // Decoders read from the start of the buffer.
  const own = new Uint8Array(data);
  const bytes = codestream.bits <= 8 ? 1 : 2;
  const decode = (): ArrayBufferView => new Decoder().decode(own.buffer, 0, own.length, bytes);
  const out = withTimeLimit({ file }, decode, { ms: limitOf(codestream) });
  return new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
}

function loadCodec(name: CodecName): Promise<{ codec: CodecModule; printed: string[] }> {
  let module = loaded.get(name);
  if (!module) {
    module = startCodec(name);
    loaded.set(name, module);
  }
  return module;
}

async function startCodec(name: CodecName): Promise<{ codec: CodecModule; printed: string[] }> {
  const { default: factory } = (await import(packages[name])) as { default: CodecFactory };
  const printed: string[] = [];
  const print: Print = (line) => {
    if (!line.startsWith('[INFO]') && printed.length < 100) printed.push(line);
  };
  return { codec: await factory({ print, printErr: print }), printed };
}

function exceptionMessage(codec: CodecModule, pointer: number): string {
  const message = codec.getExceptionMessage?.(pointer) ?? `exception ${pointer}`;
  return Array.isArray(message) ? message.filter(Boolean).join(': ') : message;
}
