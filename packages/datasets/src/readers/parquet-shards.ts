import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { InputError } from '@cxr-align/files';
import { readSplit } from '../columns/cell-values.js';
import type { Split } from '../dataset.js';
import { withParquet } from '../table/parquet-table.js';
import { cardFeatures } from './class-names.js';
import { isHidden } from './images.js';

/** A Parquet file with images: a part of a split. */
export interface Shard {
  file: string;
  /** The column of the images. */
  image: string;
  header: readonly string[];
  /** By the name of the file or of the folder that it lies in; undefined where they name none. */
  split: Split | undefined;
  /** The folder of the data set's configuration. */
  configuration: string;
  /** What the `datasets` library noted of the columns. */
  features: Readonly<Record<string, unknown>>;
}

/** Folders within folders that are searched: `default/train/0000.parquet`. */
const deepest = 2;

/** The Parquet files with images below a folder, or the file that a path is. */
export async function findShards(path: string): Promise<{ root: string; shards: Shard[]; remarks: string[] }> {
  if (!existsSync(path)) return { root: path, shards: [], remarks: [] };
  const isFolder = statSync(path).isDirectory();
  const root = isFolder ? path : dirname(path);
  const files = isFolder ? parquetFiles(path, deepest) : /\.parquet$/i.test(path) ? [path] : [];
  const shards: Shard[] = [];
  const others: string[] = [];
  for (const file of files) {
    const shard = await openShard(file, root).catch((error: unknown) => {
      // Of a folder each file may be of something else.
      if (isFolder && error instanceof InputError) return undefined;
      throw error;
    });
    if (shard) shards.push(shard);
    else others.push(relative(root, file));
  }
  const described = describeColumns(shards, root);
  return {
    root,
    shards: described.shards,
    remarks: [
      ...described.remarks,
      ...(others.length > 0 ? [`Parquet files without images were not read: ${others.slice(0, 10).join(', ')}`] : []),
      ...(isFolder ? missingShards(files) : []),
      ...shards
        .filter(({ split }) => split === undefined)
        .map(
          ({ file }) =>
            `${basename(file)} names no split, so that its images count as training images unless a column has their split`,
        )
        .slice(0, 10),
    ],
  };
}

/** Shards whose files name no classes have those of the data set's page. */
function describeColumns(shards: Shard[], root: string): { shards: Shard[]; remarks: string[] } {
  const sources = new Set<string>();
  const described = shards.map((shard) => {
    if (Object.keys(shard.features).length > 0) return shard;
    const found = cardFeatures(root, shard.configuration);
    if (!found) return shard;
    sources.add(relative(root, found.file));
    return { ...shard, features: found.features };
  });
  return {
    shards: described,
    remarks: [...sources].map((file) => `the Parquet files name no classes: their names are those of ${file}`),
  };
}

/** Folders with more folders than a data set has splits and configurations are of another layout, and are not searched. */
const mostFolders = 20;

function parquetFiles(folder: string, depth: number): string[] {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !isHidden(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const folders = names.filter((one) => one.isDirectory());
  const inside =
    depth === 0 || folders.length > mostFolders
      ? []
      : folders.flatMap(({ name }) => parquetFiles(join(folder, name), depth - 1));
  const own = names.filter((one) => !one.isDirectory() && /\.parquet$/i.test(one.name));
  return [...own.map(({ name }) => join(folder, name)), ...inside];
}

async function openShard(file: string, root: string): Promise<Shard | undefined> {
  return withParquet(file, async ({ columns, notes }) => {
    const features = featuresOf(notes.get('huggingface'));
    const image = columns.find(
      ({ name, fields }) =>
        fields.includes('bytes') || (features[name] as { _type?: string } | undefined)?._type === 'Image',
    );
    if (!image) return undefined;
    const folders = relative(root, dirname(file)).split(/[\\/]/);
    const folderSplit = folders.map((name) => readSplit(name)).find((split) => split !== undefined);
    const kept = folders.filter((name) => readSplit(name) === undefined && name !== 'data');
    return {
      file,
      image: image.name,
      header: columns.map(({ name }) => name),
      split: splitOf(basename(file)) ?? folderSplit,
      configuration: join(root, ...kept),
      features,
    };
  });
}

/** What the library notes: `{"info": {"features": {"label": {"names": […], "_type": "ClassLabel"}}}}`. */
function featuresOf(note: string | undefined): Record<string, unknown> {
  try {
    return (JSON.parse(note ?? '{}') as { info?: { features?: Record<string, unknown> } }).info?.features ?? {};
  } catch {
    return {};
  }
}

/** `train` of `train-00000-of-00003.parquet`, with a hash of older versions or not, or of `train.parquet`. */
function splitOf(name: string): Split | undefined {
  const word = name.replace(/\.parquet$/i, '').replace(/-\d+-of-\d+(-[0-9a-f]+)?$/, '');
  return readSplit(word) ?? readSplit(word.split(/[-_.]/)[0]);
}

/** Parts that a split should have, and that are not here. */
function missingShards(files: readonly string[]): string[] {
  const parts = new Map<string, { all: number; here: Set<number> }>();
  for (const file of files) {
    const [, start, part, all] = /^(.*)-(\d+)-of-(\d+)(?:-[0-9a-f]+)?\.parquet$/i.exec(file) ?? [];
    if (start === undefined) continue;
    const known = parts.get(start) ?? { all: Number(all), here: new Set() };
    parts.set(start, known);
    known.here.add(Number(part));
  }
  return [...parts].flatMap(([start, { all, here }]) =>
    here.size < all
      ? [`warning: ${here.size} of ${all} files of ${basename(start)} are here; download the others`]
      : [],
  );
}

/** The name of an image in its file: `data/train-00000-of-00001.parquet/image/0`. */
export function imageName({ file, image }: Pick<Shard, 'file' | 'image'>, root: string, row: number): string {
  return `${relative(root, file).split(sep).join('/')}/${image}/${row}`;
}
