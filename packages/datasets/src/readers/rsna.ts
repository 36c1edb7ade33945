import { readJson } from '@cxr-align/files';
import { AnnotationError, showCell } from '../annotation-error.js';
import { filledCell, numberCell, readLabelCell } from '../columns/cell-values.js';
import { openTable } from '../table/open-table.js';
import { extensionOf, indexImages } from './images.js';
import { DatasetBuilder } from './dataset-builder.js';
import { Join } from './join.js';
import { columnPlaces, columnsReason, fileIn, type DatasetReader } from './reader.js';

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
  description: 'stage_2_train_labels.csv (RSNA)',
  detect: async (path) => columnsReason(fileIn(path, tableName), columns),
  read: async (path, { images = path }) => {
    const table = await openTable(fileIn(path, tableName)!);
    const classes = fileIn(path, /^stage_2_detailed_class_info\.csv$/);
    const builder = new DatasetBuilder(classes ? classNames : ['Lung Opacity']);
    const classOf = await readClasses(builder, classes);
    const patients = nihPatients(path);
    builder.useColumns(table, { image: 'patientId', target: 'Target', box: 'x' }, boxColumns);
    const [id, target, ...places] = columnPlaces(table, ['patientId', 'Target', ...boxColumns]);
    const found = new Map<string, { row: number; opacity: number }>();
    await builder.addRows(table, (cells, row) => {
      const image = filledCell(cells[id], 'patientId', 'a name');
      const value = readLabelCell(cells[target]);
      if (value !== 0 && value !== 1) throw new AnnotationError('Target', '0 or 1', showCell(cells[target]));
      if (value === 1) {
        const [x, y, w, h] = places.map((at, i) => numberCell(cells[at], boxColumns[i]));
        builder.boxes.push({ image, label: 'Lung Opacity', x, y, w, h });
      }
      const known = found.get(image) ?? { row, opacity: 0 };
      known.opacity = Math.max(known.opacity, value);
      found.set(image, known);
    });
    const index = await indexImages(images);
    const extension = extensionOf(index, found.keys(), ['.dcm', '.png', '.jpg']);
    for (const [id, { row, opacity }] of found)
      builder.attempt({ file: table.file, row }, () => {
        const image = index.path(id + extension, 'patientId');
        builder.add(
          { id, image, patient: patients.get(id) ?? id, study: id, split: 'train' },
          classes ? classRow(classOf.get(id)) : [opacity],
        );
      });
    if (classes) classOf.finish(builder, 'class');
    patients.finish(builder, "patient of NIH's");
    if (patients.rows.size === 0)
      builder.remarks.push(
        'warning: without pneumonia-challenge-dataset-mappings.json every image counts as a patient of its own: images of one patient may be in training and test',
      );
    builder.remarks.push(...index.remarks());
    return builder.result(path, { hasOwnSplits: false });
  },
};

function classRow(found: string | undefined): number[] {
  return classNames.map((name) => (found === undefined ? NaN : Number(found === name)));
}

async function readClasses(builder: DatasetBuilder, file: string | undefined): Promise<Join<string>> {
  if (file === undefined) return new Join('', 'patientId', new Map<string, string>());
  const table = await openTable(file);
  const [id, name] = columnPlaces(table, ['patientId', 'class']);
  const classOf = new Map<string, string>();
  await builder.addRows(table, (cells) => {
    if (!classNames.includes(cells[name]))
      throw new AnnotationError('class', classNames.join(', '), showCell(cells[name]));
    classOf.set(cells[id].trim(), cells[name]);
  });
  return new Join(file, 'patientId', classOf);
}

/** NIH's patient of each image, from the challenge's file of mappings. */
function nihPatients(path: string): Join<string> {
  const file = fileIn(path, /^pneumonia-challenge-dataset-mappings.*\.json$/);
  const rows = file === undefined ? [] : (readJson(file) as { subset_img_id?: string; img_id?: string }[]);
  return new Join(
    file ?? '',
    'subset_img_id',
    new Map(
      rows.flatMap(({ subset_img_id: image, img_id: nih }): [string, string][] => {
        const patient = /^(\d+)_/.exec(nih ?? '')?.[1];
        return image && patient ? [[image, String(Number(patient))]] : [];
      }),
    ),
  );
}
