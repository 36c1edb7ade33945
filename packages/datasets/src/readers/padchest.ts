import { BadCell, filledCell, readSex, showCell } from '../cells.js';
import { openTable, type Table } from '../table.js';
import { indexImages } from './images.js';
import { columnsReason, DatasetBuilder, folderOf, tableIn, type DatasetReader } from './reader.js';

const tableName = /^PADCHEST_chest_x_ray_images_labels.*\.csv(\.gz)?$/i;
const columns = ['ImageID', 'StudyID', 'PatientID', 'Projection', 'Labels'];

/** Labels of an image that is no radiograph to learn from. */
const unusable = ['exclude', 'suboptimal study', 'unchanged'];

/**
 * PadChest: `PADCHEST_chest_x_ray_images_labels_160K*.csv` with a list of findings as Python writes it; images in
 * numbered folders, in ZIP archives or in one folder. Every finding of the table is a label, `normal` too.
 */
export const padchestReader: DatasetReader = {
  format: 'padchest',
  looksFor: 'PADCHEST_chest_x_ray_images_labels*.csv',
  recognize: async (path) => columnsReason(tableIn(path, tableName), columns),
  read: async (path, { images = folderOf(path) }) => {
    const table = await openTable(tableIn(path, tableName)!);
    const at = (name: string): number => table.header.indexOf(name);
    const place = new Map((await findingsOf(table)).map((label, i) => [label, i]));
    const builder = new DatasetBuilder([...place.keys()]);
    const index = await indexImages(images);
    await builder.addRows(table, (cells) => {
      const text = (name: string): string => (at(name) < 0 ? '' : cells[at(name)].trim());
      const id = filledCell(text('ImageID'), 'ImageID', 'a file name');
      const image = index.path(id, 'ImageID');
      const found = pythonList(text('Labels'), 'Labels');
      if (found.length === 0 || found.includes('exclude')) {
        builder.leaveOut(found.length === 0 ? 'they have no labels' : 'their label is "exclude"');
        return;
      }
      const values = new Float32Array(place.size);
      for (const label of found) {
        const i = place.get(label);
        if (i !== undefined) values[i] = 1;
      }
      const age = Number(text('StudyDate_DICOM').slice(0, 4)) - Number(text('PatientBirth') || NaN);
      builder.add(
        {
          id,
          image,
          patient: text('PatientID') || id,
          study: text('StudyID') || id,
          split: 'train',
          sex: readSex(text('PatientSex_DICOM')),
          ...(age >= 0 && age <= 120 && { age }),
          view: text('Projection') || undefined,
        },
        values,
      );
    });
    return builder.result(path, { hasOwnSplits: false });
  },
};

/** Every finding of the table, in alphabetical order. */
async function findingsOf(table: Table): Promise<string[]> {
  const at = table.header.indexOf('Labels');
  const found = new Set<string>();
  await table.each((cells) => {
    for (const [, , label] of cells[at].matchAll(listItem)) found.add(cleaned(label));
  });
  for (const label of ['', ...unusable]) found.delete(label);
  return [...found].sort();
}

/** A text between single or double quotes. */
const listItem = /(['"])(.*?)\1/g;

/** Python's `['pneumonia', ' pleural effusion']`. @throws {BadCell} if it is no list. */
function pythonList(text: string, column: string): string[] {
  if (text === '' || /^nan$/i.test(text)) return [];
  if (!/^\[.*\]$/s.test(text)) throw new BadCell(column, "a list such as ['normal']", showCell(text));
  return [...text.matchAll(listItem)].map(([, , label]) => cleaned(label)).filter((label) => label !== '');
}

function cleaned(label: string): string {
  return label.trim().toLowerCase();
}
