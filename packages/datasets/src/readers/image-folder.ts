import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readSplit } from '../columns/cell-values.js';
import type { Split } from '../dataset.js';
import { DatasetBuilder } from './dataset-builder.js';
import { isHidden, isImageName } from './images.js';
import type { DatasetReader } from './reader.js';

/** Folders beside the classes that hold no images of their own. */
const noClass = /^(masks?|labels?|annotations?|metadata|lung[ _]masks?)$/i;

/** The images of a class within a split. */
interface ClassFolder {
  split: Split;
  label: string;
  folder: string;
}

/**
 * A folder for each class (torchvision's ImageFolder; the layouts of Kermany's chest_xray and of the COVID-19 Radiography
 * Database): `train/NORMAL/1.jpeg`, `COVID/images/COVID-1.png`. The folders are the labels, of which each image has just
 * one; folders above them that are called train, val and test are the splits.
 */
export const imageFolderReader: DatasetReader = {
  format: 'image-folder',
  description: 'a folder of images for each class, below train/, val/ and test/ or not',
  detect: async (path) => {
    const classes = classFolders(path);
    if (classes.length === 0) return undefined;
    const names = [...new Set(classes.map(({ label }) => label))].sort();
    return `it has a folder of images for each of ${names.slice(0, 8).join(', ')}${names.length > 8 ? ' …' : ''}`;
  },
  read: async (path) => {
    const root = rootOf(path);
    const classes = classFolders(path);
    const labels = [...new Set(classes.map(({ label }) => label))].sort();
    const builder = new DatasetBuilder(labels);
    let others = 0;
    for (const { split, label, folder } of classes) {
      const values = labels.map((one) => Number(one === label));
      for (const name of filesBelow(folder)) {
        if (!isImageName(name)) {
          others++;
          continue;
        }
        const image = join(folder, name);
        const id = image.slice(root.length + 1);
        builder.add({ id, image, patient: id, study: id, split }, values);
      }
    }
    builder.remarks.push(
      `the folders ${labels.map((label) => JSON.stringify(label)).join(', ')} are the labels: each image has just one`,
      'warning: folders name no patients, so every image counts as a patient of its own: images of one patient may be in training and test; if file names contain the patient, write a table',
    );
    if (others > 0) builder.remarks.push(`${others} files in these folders are no images by their names`);
    const splits = new Set(classes.map(({ split }) => split));
    return builder.result(path, { hasOwnSplits: splits.size > 1 });
  },
};

function visible(folder: string): { folders: string[]; files: string[] } {
  const entries = readdirSync(folder).filter((name) => !isHidden(name));
  const isFolder = (name: string): boolean =>
    statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory() ?? false;
  const folders = entries.filter(isFolder).sort();
  return { folders, files: entries.filter((name) => !folders.includes(name)).sort() };
}

/** The folder itself, or the only one within it, as archives unpack. */
function rootOf(path: string): string {
  const { folders, files } = visible(path);
  return folders.length === 1 && !files.some(isImageName) && readSplit(folders[0]) === undefined
    ? rootOf(join(path, folders[0]))
    : path;
}

function classFolders(path: string): ClassFolder[] {
  if (!existsSync(path) || !statSync(path).isDirectory()) return [];
  const root = rootOf(path);
  const { folders } = visible(root);
  const splits = folders.flatMap((name) => {
    const split = readSplit(name);
    return split === undefined ? [] : [{ split, folder: join(root, name) }];
  });
  return splits.length > 0 ? splits.flatMap(({ split, folder }) => classesIn(folder, split)) : classesIn(root, 'train');
}

/** The classes in a folder; none if there are fewer than two, or if their names count something: `images_001`, `p10`. */
function classesIn(folder: string, split: Split): ClassFolder[] {
  const classes = visible(folder)
    .folders.filter((name) => !noClass.test(name))
    .flatMap((label): ClassFolder[] => {
      const own = join(folder, label);
      const images = join(own, 'images');
      const place = existsSync(images) ? images : own;
      return filesBelow(place).some(isImageName) ? [{ split, label, folder: place }] : [];
    });
  const words = new Set(classes.map(({ label }) => basename(label).replace(/[\d_. -]+/g, '')));
  return classes.length > 1 && words.size === classes.length ? classes : [];
}

/** Files of a folder and of the folders within, as paths. */
function filesBelow(folder: string, depth = 3): string[] {
  const { folders, files } = visible(folder);
  if (depth === 0) return files;
  return [
    ...files,
    ...folders
      .filter((name) => !noClass.test(name))
      .flatMap((name) => filesBelow(join(folder, name), depth - 1).map((file) => `${name}/${file}`)),
  ];
}

/** Images without a table: no labels. It is never detected, only read by its name, lest a table be overlooked. */
export const imagesReader: DatasetReader = {
  format: 'images',
  description: 'images without a table, by the format "images" alone',
  isExplicit: true,
  detect: async (path) =>
    existsSync(path) && statSync(path).isDirectory() && filesBelow(path, 8).some(isImageName)
      ? 'it has images, and no table is read'
      : undefined,
  read: async (path) => {
    const builder = new DatasetBuilder([]);
    for (const id of filesBelow(path, 8))
      if (isImageName(id)) builder.add({ id, image: join(path, id), patient: id, study: id, split: 'train' }, []);
    builder.remarks.push('no table was read: the images have no labels, and each counts as a patient of its own');
    return builder.result(path, { hasOwnSplits: false });
  },
};
