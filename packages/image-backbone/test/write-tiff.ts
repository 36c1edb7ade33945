/** Samples of a TIFF file, and the tags that say what they are. */
export interface TiffImage {
  width: number;
  /** Rows of numbers, one after the other. */
  samples: Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Float32Array | Float64Array;
  /** 0: the smallest value is white. Default 1. */
  photometric?: number;
  /** Other tags: SHORT values. */
  more?: Readonly<Record<number, number>>;
  /** Pages of the same image. Default 1; `subfile` is the kind of those after the first. */
  pages?: number;
  subfile?: number;
}

const formats: [type: unknown, format: number][] = [
  [Int8Array, 2],
  [Int16Array, 2],
  [Float32Array, 3],
  [Float64Array, 3],
];

/** A plain little-endian TIFF file of one sample a pixel. */
export function writeTiff({
  width,
  samples,
  photometric = 1,
  more = {},
  pages = 1,
  subfile = 0,
}: TiffImage): Uint8Array {
  const height = samples.length / width;
  const format = formats.find(([type]) => samples instanceof (type as never))?.[1] ?? 1;
  const data = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  const directories = Array.from({ length: pages }, (_, page) => {
    const entries: Record<number, [type: number, value: number]> = {
      254: [4, page === 0 ? 0 : subfile],
      256: [3, width],
      257: [3, height],
      258: [3, 8 * samples.BYTES_PER_ELEMENT],
      259: [3, 1],
      262: [3, photometric],
      273: [4, 8],
      277: [3, 1],
      278: [3, height],
      279: [4, data.length],
      339: [3, format],
    };
    for (const [tag, value] of Object.entries(more)) entries[Number(tag)] = [3, value];
    return entries;
  });
  const parts: Buffer[] = [Buffer.from([0x49, 0x49, 42, 0]), Buffer.alloc(4), data];
  let at = 8 + data.length;
  parts[1].writeUInt32LE(at);
  directories.forEach((entries, page) => {
    const tags = Object.keys(entries).map(Number);
    const directory = Buffer.alloc(2 + 12 * tags.length + 4);
    directory.writeUInt16LE(tags.length);
    tags.forEach((tag, i) => {
      const [type, value] = entries[tag];
      const start = 2 + 12 * i;
      directory.writeUInt16LE(tag, start);
      directory.writeUInt16LE(type, start + 2);
      directory.writeUInt32LE(1, start + 4);
      if (type === 3) directory.writeUInt16LE(value, start + 8);
      else directory.writeUInt32LE(value, start + 8);
    });
    at += directory.length;
    if (page + 1 < pages) directory.writeUInt32LE(at, directory.length - 4);
    parts.push(directory);
  });
  return Buffer.concat(parts);
}
