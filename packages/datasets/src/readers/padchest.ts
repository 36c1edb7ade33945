import { AnnotationError, showCell } from '../annotation-error.js';
import { filledCell, idText, readSex } from '../columns/cell-values.js';
import { openTable } from '../table/open-table.js';
import type { Table } from '../table/table.js';
import { indexImages } from './images.js';
import { DatasetBuilder } from './dataset-builder.js';
import { columnsReason, columnText, folderOf, tableIn, type DatasetReader } from './reader.js';

const tableName = /^PADCHEST_chest_x_ray_images_labels.*\.csv(\.gz)?$/i;
const columns = ['ImageID', 'StudyID', 'PatientID', 'Projection', 'Labels'];

/** Labels that name no finding. */
const unusable = ['exclude', 'suboptimal study', 'unchanged'];

/**
 * PadChest: `PADCHEST_chest_x_ray_images_labels_160K*.csv` with a list of findings as Python writes it; images in
 * numbered folders, in ZIP archives or in one folder. Every finding of the table is a label, `normal` too.
 */
export const padchestReader: DatasetReader = {
  format: 'padchest',
  description: 'PADCHEST_chest_x_ray_images_labels*.csv',
  detect: async (path) => columnsReason(tableIn(path, tableName), columns),
  read: async (path, { images = folderOf(path) }) => {
    const table = await openTable(tableIn(path, tableName)!);
    const [imageId, studyId, patientId, projection, labels, date, birth, sex] = [
      ...columns,
      ...['StudyDate_DICOM', 'PatientBirth', 'PatientSex_DICOM'],
    ].map((name) => columnText(table, name));
    const place = new Map((await findingsOf(table)).map((label, i) => [label, i]));
    const builder = new DatasetBuilder([...place.keys()]);
    const index = await indexImages(images);
    builder.useColumns(table, {
      ...{ image: 'ImageID', patient: 'PatientID', study: 'StudyID', view: 'Projection', findings: 'Labels' },
      ...{ sex: 'PatientSex_DICOM', 'year of birth': 'PatientBirth', date: 'StudyDate_DICOM' },
    });
    await builder.addRows(table, (cells) => {
      const id = filledCell(imageId(cells), 'ImageID', 'a file name');
      const image = index.path(id, 'ImageID');
      const found = pythonList(labels(cells), 'Labels');
      if (found.length === 0 || found.includes('exclude')) {
        builder.exclude(found.length === 0 ? 'they have no labels' : 'their label is "exclude"');
        return;
      }
      const known = found.flatMap((label) => place.get(label) ?? []);
      // A poor image, or one like the last, may have anything.
      if (known.length === 0) return builder.exclude(`their labels are ${unusable.slice(1).join(' or ')} alone`);
      const values = new Float32Array(place.size);
      for (const i of known) values[i] = 1;
      const age = Number(date(cells).slice(0, 4)) - Number(birth(cells) || NaN);
      builder.add(
        {
          id,
          image,
          patient: idText(patientId(cells), 'PatientID') || id,
          study: idText(studyId(cells), 'StudyID') || id,
          split: 'train',
          sex: readSex(sex(cells)),
          ...(age >= 0 && age <= 120 && { age }),
          view: projection(cells) || undefined,
        },
        values,
      );
    });
    builder.remarks.push(...index.remarks());
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

/** Python's `['pneumonia', ' pleural effusion']`. @throws {AnnotationError} if it is no list. */
function pythonList(text: string, column: string): string[] {
  if (text === '' || /^nan$/i.test(text)) return [];
  if (!/^\[.*\]$/s.test(text)) throw new AnnotationError(column, "a list such as ['normal']", showCell(text));
  return [...text.matchAll(listItem)].map(([, , label]) => cleaned(label)).filter((label) => label !== '');
}

function cleaned(label: string): string {
  return label.trim().toLowerCase();
}
