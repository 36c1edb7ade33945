import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AnnotationError, showCell } from '../annotation-error.js';
import { ageCell, filledCell, idText, numberCell, readSex } from '../columns/cell-values.js';
import { openTable } from '../table/open-table.js';
import { columnOf } from '../table/table.js';
import { indexImages } from './images.js';
import { noPatientRemark } from '../columns/column-roles.js';
import { DatasetBuilder } from './dataset-builder.js';
import { columnsReason, folderOf, tableIn, type DatasetReader } from './reader.js';

/** The fourteen findings in NIH's official order. */
const findings = [
  'Atelectasis',
  'Cardiomegaly',
  'Effusion',
  'Infiltration',
  'Mass',
  'Nodule',
  'Pneumonia',
  'Pneumothorax',
  'Consolidation',
  'Edema',
  'Emphysema',
  'Fibrosis',
  'Pleural_Thickening',
  'Hernia',
];

/** The table of the whole set, and of the sample that Kaggle has. */
const tableName = /^(Data_Entry_2017.*|sample_labels)\.csv(\.gz)?$/;

/**
 * NIH ChestX-ray14: `Image Index, Finding Labels` (findings joined by `|`), with the official `train_val_list.txt` and
 * `test_list.txt` and `BBox_List_2017.csv` where they are there; images in `images/`, in `images_001/images/` …, or in
 * ZIP archives.
 */
export const nihReader: DatasetReader = {
  format: 'nih',
  description: 'Data_Entry_2017*.csv, sample_labels.csv (NIH)',
  detect: async (path) => columnsReason(tableIn(path, tableName), ['Image Index', 'Finding Labels']),
  read: async (path, { images = folderOf(path) }) => {
    const folder = folderOf(path);
    const table = await openTable(tableIn(path, tableName)!);
    const { header } = table;
    const builder = new DatasetBuilder(findings);
    const lists = { test: listed(folder, 'test_list.txt'), training: listed(folder, 'train_val_list.txt') };
    const { test, training } = lists;
    const index = await indexImages(images);
    const [imageAt, findingAt] = [header.indexOf('Image Index'), header.indexOf('Finding Labels')];
    const [patientAt, ageAt, sexAt, viewAt] = ['patient id', 'patient age', 'patient gender', 'view position'].map(
      (name) => columnOf(header, [name]),
    );
    const name = (at: number): string | undefined => (at < 0 ? undefined : header[at]);
    builder.useColumns(table, {
      ...{ image: 'Image Index', patient: name(patientAt), sex: name(sexAt), age: name(ageAt), view: name(viewAt) },
      findings: 'Finding Labels',
    });
    if (patientAt < 0) builder.remarks.push(noPatientRemark(builder.unusedColumns()));
    const findingTexts = new Set<string>();
    await builder.addRows(table, (cells) => {
      const found = cells[findingAt].split('|').map((name) => name.trim());
      const strange = found.find((name) => name !== 'No Finding' && !findings.includes(name));
      if (strange !== undefined || (found.includes('No Finding') && found.length > 1))
        throw new AnnotationError(
          'Finding Labels',
          `No Finding alone, or some of ${findings.join(', ')}`,
          showCell(cells[findingAt]),
        );
      const age = ageAt < 0 ? undefined : ageCell(cells[ageAt], header[ageAt]);
      const id = filledCell(cells[imageAt], 'Image Index', 'a file name');
      const image = index.path(id, 'Image Index');
      if (test.size > 0 && training.size > 0 && !test.has(id) && !training.has(id)) {
        builder.exclude('neither train_val_list.txt nor test_list.txt names them');
        return;
      }
      builder.add(
        {
          id,
          image,
          patient: (patientAt < 0 ? '' : idText(cells[patientAt], header[patientAt])) || id,
          study: id,
          split: test.has(id) ? 'test' : 'train',
          sex: readSex(cells[sexAt] ?? ''),
          ...(age !== undefined && { age }),
          view: cells[viewAt]?.trim() || undefined,
        },
        findings.map((label) => (found.includes(label) ? 1 : 0)),
      );
      findingTexts.add(cells[findingAt]);
    });
    checkLists(builder, lists);
    builder.remarks.push(...index.remarks());
    await addBoxes(builder, folder);
    return builder.result(path, {
      hasOwnSplits: test.size > 0,
      tableFacts: { distinctFindingStrings: findingTexts.size },
    });
  },
};

/** Lists that name none of the images may be of another set, or of the rest of this one. */
function checkLists(
  builder: DatasetBuilder,
  { test, training }: { test: ReadonlySet<string>; training: ReadonlySet<string> },
): void {
  const [example] = [...test, ...training];
  if (example === undefined || builder.samples.some(({ id }) => test.has(id) || training.has(id))) return;
  builder.remarks.push(
    `warning: train_val_list.txt and test_list.txt name none of these images (they have ${example} …), so all count as training images`,
  );
}

function listed(folder: string, name: string): Set<string> {
  const file = join(folder, name);
  return new Set(existsSync(file) ? readFileSync(file, 'utf8').split(/\s+/).filter(Boolean) : []);
}

/** NIH's own table of boxes: `Image Index, Finding Label, Bbox [x,y,w,h]`, the last of which are four columns. */
async function addBoxes(builder: DatasetBuilder, folder: string): Promise<void> {
  const file = ['BBox_List_2017.csv', 'BBox_List_2017.csv.gz']
    .map((name) => join(folder, name))
    .find((one) => existsSync(one));
  if (file === undefined) return;
  const table = await openTable(file);
  const known = new Set(builder.samples.map(({ id }) => id));
  await builder.addRows(table, ([image, finding, ...numbers]) => {
    const label = finding === 'Infiltrate' ? 'Infiltration' : finding;
    if (!findings.includes(label)) throw new AnnotationError('Finding Label', findings.join(', '), showCell(finding));
    const [x, y, w, h] = numbers.slice(0, 4).map((number) => numberCell(number, 'Bbox [x,y,w,h]'));
    if (known.has(image)) builder.boxes.push({ image, label, x, y, w, h });
  });
}
