import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ageCell, BadCell, filledCell, numberCell, readSex, showCell } from '../cells.js';
import { columnOf, openTable } from '../table.js';
import { indexImages } from './images.js';
import { columnsReason, DatasetBuilder, folderOf, tableIn, type DatasetReader } from './reader.js';

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

const tableName = /^Data_Entry_2017.*\.csv(\.gz)?$/;

/**
 * NIH ChestX-ray14: `Image Index, Finding Labels` (findings joined by `|`), with the official `train_val_list.txt` and
 * `test_list.txt` and `BBox_List_2017.csv` where they are there; images in `images/`, in `images_001/images/` …, or in
 * ZIP archives.
 */
export const nihReader: DatasetReader = {
  format: 'nih',
  looksFor: 'Data_Entry_2017*.csv',
  recognize: async (path) => columnsReason(tableIn(path, tableName), ['Image Index', 'Finding Labels']),
  read: async (path, { images = folderOf(path) }) => {
    const folder = folderOf(path);
    const table = await openTable(tableIn(path, tableName)!);
    const { header } = table;
    const builder = new DatasetBuilder(findings);
    const test = listed(folder, 'test_list.txt');
    const training = listed(folder, 'train_val_list.txt');
    const index = await indexImages(images);
    const [imageAt, findingAt] = [header.indexOf('Image Index'), header.indexOf('Finding Labels')];
    const [patientAt, ageAt, sexAt, viewAt] = ['patient id', 'patient age', 'patient gender', 'view position'].map(
      (name) => columnOf(header, [name]),
    );
    const findingTexts = new Set<string>();
    await builder.addRows(table, (cells) => {
      const found = cells[findingAt].split('|').map((name) => name.trim());
      const strange = found.find((name) => name !== 'No Finding' && !findings.includes(name));
      if (strange !== undefined || (found.includes('No Finding') && found.length > 1))
        throw new BadCell(
          'Finding Labels',
          `No Finding alone, or some of ${findings.join(', ')}`,
          showCell(cells[findingAt]),
        );
      const age = ageAt < 0 ? undefined : ageCell(cells[ageAt], header[ageAt]);
      const id = filledCell(cells[imageAt], 'Image Index', 'a file name');
      const image = index.path(id, 'Image Index');
      if (test.size > 0 && training.size > 0 && !test.has(id) && !training.has(id)) {
        builder.leaveOut('neither train_val_list.txt nor test_list.txt names them');
        return;
      }
      builder.add(
        {
          id,
          image,
          patient: patientAt < 0 ? id : cells[patientAt].trim(),
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
    await addBoxes(builder, folder);
    return builder.result(path, {
      hasOwnSplits: test.size > 0,
      tableFacts: { distinctFindingStrings: findingTexts.size },
    });
  },
};

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
    if (!findings.includes(label)) throw new BadCell('Finding Label', findings.join(', '), showCell(finding));
    const [x, y, w, h] = numbers.slice(0, 4).map((number) => numberCell(number, 'Bbox [x,y,w,h]'));
    if (known.has(image)) builder.boxes.push({ image, label, x, y, w, h });
  });
}
