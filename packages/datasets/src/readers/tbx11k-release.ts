import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError, readJson, readText } from '@cxr-align/files';
import { notLabelled } from '../columns/cell-values.js';
import type { Split } from '../dataset.js';
import { DatasetBuilder } from './dataset-builder.js';
import { isImageName } from './images.js';
import type { ReadData } from './reader.js';

/** The folders below `imgs/`, and the type of their images, in the words of the table that Kaggle has. */
const types: Readonly<Record<string, string>> = { health: 'healthy', sick: 'sick_but_no_tb', tb: 'tb' };
/** The categories of the boxes, and the type of tuberculosis that they show. */
const categories: Readonly<Record<string, string>> = {
  ActiveTuberculosis: 'active_tb',
  ObsoletePulmonaryTuberculosis: 'latent_tb',
};
/** The most bytes of a list of images. */
const longestList = 2 ** 26;
const labels = ['active_tb', 'healthy', 'latent_tb', 'sick_but_no_tb', 'tb'];

/** Whether a folder is the original release of TBX11K: `imgs/` with at least two of its types, and lists or boxes beside it. */
export function isTbx11kRelease(path: string): boolean {
  const found = Object.keys(types).filter((name) => existsSync(join(path, 'imgs', name)));
  return found.length >= 2 && ['lists', 'annotations'].some((name) => existsSync(join(path, name)));
}

/**
 * The original release of TBX11K: the folder of an image is its type, `lists/TBX11K_train.txt` and `_val.txt` are its split,
 * the categories of its boxes (`annotations/json/*.json`, as COCO has them) the type of its tuberculosis. Images of
 * `imgs/test` have no published labels, those of `imgs/extra` are of other data sets: both are left out, and counted.
 */
export function readTbx11kRelease(path: string): ReadData {
  const builder = new DatasetBuilder(labels);
  const splits = listedSplits(path);
  const { kinds, files } = boxCategories(path);
  let unlisted = 0;
  for (const folder of Object.keys(types))
    for (const name of imagesIn(join(path, 'imgs', folder))) {
      const id = `${folder}/${name}`;
      const split = splits.get(id) ?? splits.get(name);
      if (split === undefined) unlisted++;
      builder.add(
        { id, image: join(path, 'imgs', folder, name), patient: id, study: id, split: split ?? 'train' },
        labelsOf(types[folder], kinds.get(id) ?? kinds.get(name)),
      );
    }
  for (const folder of ['test', 'extra'])
    imagesIn(join(path, 'imgs', folder)).forEach(() =>
      builder.exclude(folder === 'test' ? 'they have no published labels (imgs/test)' : 'imgs/extra is of other sets'),
    );
  builder.remarks.push(
    'warning: the release names no patients, so every image counts as a patient of its own',
    files.length === 0
      ? 'no boxes were found in annotations/json: whether a tuberculosis is active or latent is unknown'
      : `the types of tuberculosis are those of the boxes in ${files.join(', ')}; an image without one has an unknown type`,
  );
  if (unlisted > 0)
    builder.remarks.push(
      `${unlisted} images stand in no list of a split (lists/TBX11K_train.txt, TBX11K_val.txt), and count as training images`,
    );
  return builder.result(path, { hasOwnSplits: splits.size > 0 });
}

function labelsOf(type: string, kinds: ReadonlySet<string> | undefined): number[] {
  return labels.map((label) => {
    if (label === type) return 1;
    const isKind = label === 'active_tb' || label === 'latent_tb';
    if (!isKind || type !== 'tb') return 0;
    return kinds === undefined || kinds.size === 0 ? notLabelled : Number(kinds.has(label));
  });
}

function imagesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter(isImageName).sort() : [];
}

/** The split of each image by its name, of the list for each split alone: others unite two of them. */
function listedSplits(path: string): Map<string, Split> {
  const splits = new Map<string, Split>();
  for (const split of ['train', 'val'] as const) {
    const file = join(path, 'lists', `TBX11K_${split}.txt`);
    if (!existsSync(file)) continue;
    for (const line of readText(file, 'a list of images', longestList).split(/\r?\n/)) {
      const name = line
        .trim()
        .replaceAll('\\', '/')
        .replace(/^(\.\/)?(imgs\/)?/, '');
      if (name === '') continue;
      const known = splits.get(name);
      if (known !== undefined && known !== split)
        throw new InputError(`expected each image in one split, got ${name} in ${known} too; correct the lists`, {
          file,
        });
      splits.set(name, split);
    }
  }
  return splits;
}

interface Coco {
  images?: { id: number; file_name: string }[];
  annotations?: { image_id: number; category_id: number }[];
  categories?: { id: number; name: string }[];
}

/** The types of tuberculosis that the boxes of each image show. */
function boxCategories(path: string): { kinds: Map<string, Set<string>>; files: string[] } {
  const folder = join(path, 'annotations', 'json');
  const files = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => /^TBX11K_(train|val).*\.json$/i.test(name))
        .sort()
    : [];
  const kinds = new Map<string, Set<string>>();
  for (const name of files) {
    const file = join(folder, name);
    const { images, annotations, categories: listed } = (readJson(file) ?? {}) as Coco;
    if (![images, annotations, listed].every(Array.isArray))
      throw new InputError(
        'expected images, annotations and categories as COCO has them, got other keys; unpack the release again',
        { file },
      );
    const nameOf = new Map(listed!.map((one) => [one.id, String(one.name)]));
    const imageOf = new Map(images!.map((one) => [one.id, String(one.file_name).replaceAll('\\', '/')]));
    for (const { image_id: image, category_id: category } of annotations!) {
      const kind = categories[nameOf.get(category) ?? ''];
      const shown = imageOf.get(image)?.replace(/^imgs\//, '');
      if (kind === undefined || shown === undefined) continue;
      const known = kinds.get(shown) ?? new Set();
      kinds.set(shown, known.add(kind));
    }
  }
  return { kinds, files: files.map((name) => basename(name)) };
}
