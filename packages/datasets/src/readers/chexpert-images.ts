import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { imageCell } from '../columns/cell-values.js';
import { bestRoot, plainPath, type ImageLocator, type ImageRoot } from './image-roots.js';
import { indexImages } from './images.js';

/** Without the name of the data folder at its start: `CheXpert-v1.0-small/train/…` is `train/…`. */
function withoutFirst(path: string): string {
  return path.slice(path.indexOf('/') + 1);
}

/**
 * Where the images of a CheXpert table lie, decided by many of its rows: CheXpert's paths begin with the name of the data
 * folder, whatever the folder is called here. The full-size release comes in batches (`CheXpert-v1.0 batch 2 (train 1)/
 * patient00001/…`), over which the images of `train/` are spread.
 *
 * @param paths those of some rows, evenly spaced.
 */
export async function locateChexpertImages(folder: string, paths: readonly string[]): Promise<ImageLocator> {
  const batches = batchFolders(folder);
  if (batches.length > 0) return locateInBatches(batches);
  const asTheyAre: ImageRoot = { folder, strip: (path) => path };
  const stripped: ImageRoot = { folder, strip: withoutFirst };
  const isStripped = paths.length > 0 && paths[0].includes('/') && !paths[0].startsWith('images/');
  const roots = isStripped ? [stripped, asTheyAre] : [asTheyAre, stripped];
  const { root, found } = bestRoot(roots, paths);
  const path = (name: string, column: string): string => imageCell(root.strip(plainPath(name)), column, root.folder);
  // Where most are not there by their names, they may have been converted or renamed.
  const index = found < 0.5 * paths.length ? await indexImages(folder, { expected: root.folder }) : undefined;
  if (!index || index.size === 0) return { path, remarks: () => index?.remarks() ?? [] };
  return {
    path: (name, column) =>
      existsSync(path(name, column)) ? path(name, column) : index.path(root.strip(plainPath(name)), column),
    remarks: index.remarks,
  };
}

interface Batch {
  folder: string;
  isTraining: boolean;
  patients: ReadonlySet<string>;
}

/** The folders of the full-size release; none if there are no such folders. */
function batchFolders(folder: string): Batch[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^chexpert.* batch \d/i.test(entry.name))
    .map(({ name }) => ({
      folder: join(folder, name),
      isTraining: /\(train/i.test(name),
      patients: new Set(readdirSync(join(folder, name))),
    }));
}

function locateInBatches(batches: readonly Batch[]): ImageLocator {
  let missing = 0;
  let example = '';
  return {
    path: (name, column) => {
      const inside = plainPath(name);
      // CheXpert-v1.0/train/patient00001/study1/view1_frontal.jpg
      const [, split = '', rest = inside] = /(?:^|\/)(train|valid|test)\/(.+)$/.exec(inside) ?? [];
      const [patient] = rest.split('/');
      const places = batches.flatMap((batch) =>
        batch.isTraining === (split === 'train')
          ? [
              ...(batch.patients.has(patient) ? [imageCell(rest, column, batch.folder)] : []),
              ...(batch.patients.has(split) ? [imageCell(`${split}/${rest}`, column, batch.folder)] : []),
            ]
          : [],
      );
      const found = places.length === 1 ? places[0] : places.find((place) => existsSync(place));
      if (found !== undefined) return found;
      if (missing++ === 0) example = name;
      return imageCell(rest, column, batches[0].folder);
    },
    remarks: () => [
      `images are in ${batches.length} batches`,
      ...(missing > 0 ? [`${missing} images of the table are in no batch, the first of them ${example}`] : []),
    ],
  };
}
