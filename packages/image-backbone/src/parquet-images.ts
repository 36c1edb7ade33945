import { InputError, openParquet, type Parquet } from '@cxr-align/files';

/** The most bytes that the images of a group of rows may have: they are unpacked together. */
const largestGroup = 2 ** 30;
/** Bytes of the groups that stay unpacked beside the one that was read last. */
const keptBytes = 2 ** 27;

/** The images of a group of rows. */
interface UnpackedGroup {
  bytes: number;
  images: Promise<(Uint8Array | undefined)[]>;
}

/** The files that were opened; they stay open, for the next image is in the same one. */
const opened = new Map<string, Promise<Parquet>>();
/** Groups that are unpacked, the one that was read last at the end. */
const unpacked = new Map<string, UnpackedGroup>();

/**
 * The bytes of an image in a Parquet file as the `datasets` library writes it: a column of `{ bytes, path }`, or of bytes. Rows are
 * unpacked in the groups that they were written in; the last ones stay unpacked, up to 128 MiB beside the newest.
 *
 * @param row from 0 on.
 * @throws {InputError} if there is no such column or row, the row has no bytes, or its group is larger than 1 GiB.
 * @see https://huggingface.co/docs/datasets/about_dataset_features
 */
export async function readParquetImage(file: string, column: string, row: number): Promise<Uint8Array> {
  const parquet = await (opened.get(file) ?? keep(opened, file, openParquet(file)));
  const group = parquet.groups.findIndex(({ rowStart, rows }) => row >= rowStart && row < rowStart + rows);
  if (group < 0 || !parquet.columns.some(({ name }) => name === column))
    throw new InputError(
      `expected an image in the column ${JSON.stringify(column)} of row ${row}, got no such ${group < 0 ? 'row' : 'column'}; read the data set again`,
      { file },
    );
  const images = await imagesOf(parquet, column, group);
  const bytes = images[row - parquet.groups[group].rowStart];
  if (!bytes)
    throw new InputError(
      `expected the bytes of an image in the column ${JSON.stringify(column)}, got none; embed the images (datasets does so in push_to_hub) or leave the row out`,
      { file, row: row + 2 },
    );
  return bytes;
}

async function imagesOf(parquet: Parquet, column: string, group: number): Promise<(Uint8Array | undefined)[]> {
  const key = JSON.stringify([parquet.file, column, group]);
  const known = unpacked.get(key);
  // What was read last goes to the end.
  unpacked.delete(key);
  if (known) return keep(unpacked, key, known).images;
  const bytes = parquet.groups[group].bytes.get(column) ?? 0;
  if (bytes > largestGroup)
    throw new InputError(
      `expected at most ${largestGroup / 2 ** 20} MiB of images in a group of rows, got ${Math.ceil(bytes / 2 ** 20)} MiB; write it with smaller groups (to_parquet(path, batch_size=100))`,
      { file: parquet.file },
    );
  let sum = [...unpacked.values()].reduce((total, one) => total + one.bytes, 0);
  for (const [other, { bytes: size }] of unpacked) {
    if (sum <= keptBytes) break;
    unpacked.delete(other);
    sum -= size;
  }
  const images = parquet
    .read(group, { columns: [column], areBytes: true })
    .then((rows) => rows.map((row) => bytesOf(row[column])));
  images.catch(() => unpacked.delete(key));
  return keep(unpacked, key, { bytes, images }).images;
}

function bytesOf(value: unknown): Uint8Array | undefined {
  const bytes = value instanceof Uint8Array ? value : (value as { bytes?: unknown } | null)?.bytes;
  return bytes instanceof Uint8Array && bytes.length > 0 ? bytes : undefined;
}

function keep<Value>(into: Map<string, Value>, key: string, value: Value): Value {
  into.set(key, value);
  return value;
}
