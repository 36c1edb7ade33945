import { crc32, deflateSync } from 'node:zlib';
import { RandomStream } from '@cxr-align/random';
import sharp from 'sharp';
import { openGreyPng, readGreyRows } from '../src/grey-png.js';

const [width, height] = [37, 23];
const random = new RandomStream({ seed: 1, purpose: 'grey-png' });
const values = Uint16Array.from({ length: width * height }, () => random.integer(65536));
const upper = values.map((value) => value >> 8);
const grey16 = sharp(values, { raw: { width, height, channels: 1 } }).toColourspace('grey16');
const grey8 = sharp(Uint8Array.from(upper), { raw: { width, height, channels: 1 } }).toColourspace('b-w');

function chunk(kind: string, content: Uint8Array | number[] = []): Buffer {
  const named = Buffer.concat([Buffer.from(kind), Uint8Array.from(content)]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

/** The file with a chunk after its header. */
function withChunk(file: Uint8Array, kind: string, content: number[]): Uint8Array {
  return Buffer.concat([file.subarray(0, 33), chunk(kind, content), file.subarray(33)]);
}

/** A file as the standard says, with these filters in turns, its compressed values in parts of so many bytes, some more after them. */
function written(
  bytes: (x: number, y: number) => number[],
  {
    width,
    height,
    filters,
    part = 1000,
    more = 0,
  }: { width: number; height: number; filters: number[]; part?: number; more?: number },
): Buffer {
  const depth = 8 * bytes(0, 0).length;
  const step = depth / 8;
  let above = new Array<number>(width * step).fill(0);
  const lines: number[][] = [];
  for (let y = 0; y < height; y++) {
    const line = Array.from({ length: width }, (_, x) => bytes(x, y)).flat();
    const filter = filters[y % filters.length];
    const before = (row: number[], i: number): number => (i < step ? 0 : row[i - step]);
    const guess = (i: number): number => {
      const [a, b, c] = [before(line, i), above[i], before(above, i)];
      const nearest = [a, b, c].sort((one, other) => Math.abs(a + b - c - one) - Math.abs(a + b - c - other))[0];
      return [0, a, b, (a + b) >> 1, nearest][filter] ?? 0;
    };
    lines.push([filter, ...line.map((value, i) => (value - guess(i)) & 255)]);
    above = line;
  }
  const data = Buffer.concat([deflateSync(Uint8Array.from(lines.flat()), { level: 1 }), new Uint8Array(more)]);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header[8] = depth;
  const parts = Array.from({ length: Math.ceil(data.length / part) }, (_, i) =>
    chunk('IDAT', data.subarray(i * part, (i + 1) * part)),
  );
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([signature, chunk('IHDR', header), ...parts, chunk('IEND')]);
}

async function read(file: Uint8Array): Promise<number[] | undefined> {
  const png = openGreyPng(file);
  if (!png) return undefined;
  const rows: number[] = [];
  const isSound = await readGreyRows(png, (some) => {
    for (const value of some) rows.push(value);
  });
  return isSound ? rows : undefined;
}

describe('openGreyPng(bytes)', () => {
  it('knows plain grey files of 8 and 16 bits', async () => {
    expect(openGreyPng(await grey8.clone().png().toBuffer())).toMatchObject({ width, height, depth: 8 });
    expect(openGreyPng(await grey16.clone().png().toBuffer())).toMatchObject({ width, height, depth: 16 });
    const file = await grey8.clone().png().toBuffer();
    expect(openGreyPng(withChunk(file, 'tEXt', [65, 0, 66]))).toMatchObject({ width, height, depth: 8 });
  });
  it('leaves all others to sharp', async () => {
    const file = await grey8.clone().png().toBuffer();
    const others = [
      await grey8.clone().jpeg().toBuffer(),
      await grey8.clone().toColourspace('srgb').png().toBuffer(),
      await grey8.clone().ensureAlpha().png().toBuffer(),
      await grey8.clone().png({ palette: true, colours: 4 }).toBuffer(),
      await grey8.clone().png({ progressive: true }).toBuffer(),
      await grey8
        .clone()
        .withExif({ IFD0: { Orientation: '3' } })
        .png()
        .toBuffer(),
      withChunk(file, 'tRNS', [0, 0]),
      withChunk(file, 'iCCP', [65, 0, 0]),
      Buffer.concat([file.subarray(0, -12), chunk('eXIf', [0]), chunk('IEND')]),
      written(() => [1], { width: 0, height: 1, filters: [0] }),
      file.subarray(0, -12),
      file.subarray(0, 40),
      file.subarray(0, 20),
      new Uint8Array(0),
    ];
    expect(others.map(openGreyPng)).toEqual(others.map(() => undefined));
  });
});

describe('readGreyRows(png, onRows)', () => {
  it('gives the upper 8 bits of the values that went in', async () => {
    for (const image of [grey8, grey16])
      for (const options of [{ compressionLevel: 0 }, { adaptiveFiltering: true }])
        expect(await read(await image.clone().png(options).toBuffer())).toEqual([...upper]);
  });
  it.each([
    [[0], 'none'],
    [[1], 'the value before'],
    [[2], 'the value above'],
    [[3], 'the mean of both'],
    [[4], 'the nearest of three'],
    [[4, 1, 3, 0, 2], 'all'],
  ])('takes filters %j off: %s', async (filters) => {
    for (const width of [1, 15, 16, 17, 100])
      for (const lower of [[], [1]]) {
        const bytes = (x: number, y: number): number[] => {
          const place = (y * width + x) % values.length;
          return [values[place] >> 8, ...lower.map(() => values[place] & 255)];
        };
        const wanted = Array.from({ length: 9 * width }, (_, at) => bytes(at % width, Math.floor(at / width))[0]);
        expect(await read(written(bytes, { width, height: 9, filters }))).toEqual(wanted);
      }
  });
  it('reads large images some rows at a time', async () => {
    const [width, height] = [701, 500];
    const bytes = (x: number, y: number): number[] => [(x * y) & 255, (x + y) & 255];
    const file = written(bytes, { width, height, filters: [1, 2, 4], part: 60_000 });
    const wanted = Array.from({ length: width * height }, (_, at) => bytes(at % width, Math.floor(at / width))[0]);
    expect(await read(file)).toEqual(wanted);
  });
  it.each([
    [20, 10],
    [1100, 500],
  ])('does not wait for what comes after the values: %i × %i', async (width, height) => {
    const file = written((x) => [x & 255], { width, height, filters: [1], part: 60_000, more: 1_500_000 });
    expect(await read(file)).toHaveLength(width * height);
  });
  it.each([
    [20, 10],
    [701, 500],
  ])('does not read what is cut short or damaged: %i × %i', async (width, height) => {
    const bytes = (x: number, y: number): number[] => [(x * 7 + y) & 255, 0];
    const whole = written(bytes, { width, height, filters: [1] });
    expect(await read(whole)).toHaveLength(width * height);
    const damaged = Uint8Array.from(whole);
    damaged[60] ^= 1;
    const unknown = written(bytes, { width, height, filters: [1, 5] });
    // The same values under a header that promises a row more, or one less.
    const promising = (rows: number): Buffer => {
      const header = Buffer.from(whole.subarray(16, 29));
      header.writeUInt32BE(rows, 4);
      return Buffer.concat([whole.subarray(0, 8), chunk('IHDR', header), whole.subarray(33)]);
    };
    const files = [
      damaged,
      whole.subarray(0, whole.length >> 1),
      unknown,
      promising(height + 1),
      promising(height - 1),
    ];
    for (const file of files) expect(await read(file)).toBeUndefined();
    // A sum that is right, of values that are not.
    const wrong = Buffer.concat([whole.subarray(0, 33), chunk('IDAT', Buffer.from('not compressed')), chunk('IEND')]);
    expect(await read(wrong)).toBeUndefined();
  });
});
