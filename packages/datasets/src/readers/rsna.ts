import { readJson } from '@cxr-align/files';
import { BadCell, filledCell, numberCell, showCell } from '../cells.js';
import { openTable } from '../table.js';
import { extensionOf, indexImages } from './images.js';
import { columnPlaces, columnsReason, DatasetBuilder, fileIn, type DatasetReader } from './reader.js';

const tableName = /^stage_2_train_labels\.csv$/;
const boxColumns = ['x', 'y', 'width', 'height'] as const;
const columns = ['patientId', ...boxColumns, 'Target'];
/** The exclusive classes of `stage_2_detailed_class_info.csv`. */
const classNames: readonly string[] = ['Lung Opacity', 'No Lung Opacity / Not Normal', 'Normal'];

/**
 * The RSNA pneumonia challenge: `stage_2_train_labels.csv` with a row for each box, `stage_2_detailed_class_info.csv`
 * where it is there, DICOM images in `stage_2_train_images/`. With that table its three exclusive classes are the labels,
 * else Lung Opacity alone, which is present where there is a box. The name `patientId` is an image's: with the file of
 * mappings to NIH's images beside it, patients are NIH's, so that no patient is in two splits.
 */
export const rsnaReader: DatasetReader = {
  format: 'rsna-pneumonia',
  looksFor: 'stage_2_train_labels.csv (RSNA)',
  recognize: async (path) => columnsReason(fileIn(path, tableName), columns),
  read: async (path, { images = path }) => {
    const table = await openTable(fileIn(path, tableName)!);
    const classes = fileIn(path, /^stage_2_detailed_class_info\.csv$/);
    const builder = new DatasetBuilder(classes ? classNames : ['Lung Opacity']);
    const classOf = classes === undefined ? new Map<string, string>() : await readClasses(builder, classes);
    const patients = nihPatients(path);
    const [id, target, ...places] = columnPlaces(table, ['patientId', 'Target', ...boxColumns]);
    const found = new Map<string, { row: number; opacity: number }>();
    await builder.addRows(table, (cells, row) => {
      const image = filledCell(cells[id], 'patientId', 'a name');
      if (cells[target] !== '0' && cells[target] !== '1')
        throw new BadCell('Target', '0 or 1', showCell(cells[target]));
      if (cells[target] === '1') {
        const [x, y, w, h] = places.map((at, i) => numberCell(cells[at], boxColumns[i]));
        builder.boxes.push({ image, label: 'Lung Opacity', x, y, w, h });
      }
      const known = found.get(image) ?? { row, opacity: 0 };
      known.opacity = Math.max(known.opacity, Number(cells[target]));
      found.set(image, known);
    });
    const index = await indexImages(images);
    const extension = extensionOf(index, found.keys(), ['.dcm', '.png', '.jpg']);
    for (const [id, { row, opacity }] of found)
      builder.attempt({ file: table.file, row }, () => {
        const image = index.path(id + extension, 'patientId');
        builder.add(
          { id, image, patient: patients.get(id) ?? id, study: id, split: 'train' },
          classes ? classNames.map((name) => (classOf.has(id) ? Number(classOf.get(id) === name) : NaN)) : [opacity],
        );
      });
    return builder.result(path, { hasOwnSplits: false });
  },
};

async function readClasses(builder: DatasetBuilder, file: string): Promise<Map<string, string>> {
  const table = await openTable(file);
  const [id, name] = columnPlaces(table, ['patientId', 'class']);
  const classOf = new Map<string, string>();
  await builder.addRows(table, (cells) => {
    if (!classNames.includes(cells[name])) throw new BadCell('class', classNames.join(', '), showCell(cells[name]));
    classOf.set(cells[id], cells[name]);
  });
  return classOf;
}

/** NIH's patient of each image, which the challenge's file of mappings tells. */
function nihPatients(path: string): Map<string, string> {
  const file = fileIn(path, /^pneumonia-challenge-dataset-mappings.*\.json$/);
  if (file === undefined) return new Map();
  const rows = readJson(file) as { subset_img_id?: string; img_id?: string }[];
  return new Map(
    rows.flatMap(({ subset_img_id: image, img_id: nih }) => {
      const patient = /^(\d+)_/.exec(nih ?? '')?.[1];
      return image && patient ? [[image, String(Number(patient))]] : [];
    }),
  );
}
