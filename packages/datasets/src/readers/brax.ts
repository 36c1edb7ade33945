import { ageCell, filledCell, idText, labelCell, readSex } from '../columns/cell-values.js';
import { existsSync } from 'node:fs';
import { evenRows } from '../columns/column-survey.js';
import { openTable } from '../table/open-table.js';
import { DatasetBuilder } from './dataset-builder.js';
import { locateImages } from './image-roots.js';
import { columnPlaces, columnsReason, columnText, folderOf, tableIn, type DatasetReader } from './reader.js';

const tableName = /^master_spreadsheet(_update)?\.csv(\.gz)?$/;
const imageColumns = ['PngPath', 'DicomPath'];
/** The labels of CheXpert, which BRAX has. */
const labels = [
  ...['No Finding', 'Enlarged Cardiomediastinum', 'Cardiomegaly', 'Lung Lesion', 'Lung Opacity', 'Edema'],
  ...['Consolidation', 'Pneumonia', 'Atelectasis', 'Pneumothorax', 'Pleural Effusion', 'Pleural Other'],
  ...['Fracture', 'Support Devices'],
];

/** BRAX: `master_spreadsheet_update.csv` with CheXpert's labels of Portuguese reports; PNG or DICOM images. */
export const braxReader: DatasetReader = {
  format: 'brax',
  description: 'master_spreadsheet_update.csv (BRAX)',
  detect: async (path) => columnsReason(tableIn(path, tableName), ['PatientID', 'PngPath', 'Cardiomegaly']),
  read: async (path, { images = folderOf(path) }) => {
    const table = await openTable(tableIn(path, tableName)!);
    const present = labels.filter((label) => table.header.includes(label));
    const places = columnPlaces(table, present);
    const builder = new DatasetBuilder(present);
    const rows = await evenRows(table);
    const locators = await Promise.all(
      imageColumns
        .filter((name) => table.header.includes(name))
        .map(async (name) => {
          const of = columnText(table, name);
          const names = rows.map(of).filter(Boolean);
          return { name, of, locator: await locateImages(images, names) };
        }),
    );
    // PNG images unless only the DICOM files are here.
    const chosen =
      locators.find(({ of, locator }) =>
        rows.some((cells) => of(cells) !== '' && existsSync(locator.path(of(cells), ''))),
      ) ?? locators[0];
    const [patient, study, sex, age, view] = [
      'PatientID',
      'AccessionNumber',
      'PatientSex',
      'PatientAge',
      'ViewPosition',
    ].map((name) => columnText(table, name));
    builder.useColumns(
      table,
      {
        ...{ image: chosen.name, patient: 'PatientID', study: 'AccessionNumber', sex: 'PatientSex' },
        ...{ age: 'PatientAge', view: 'ViewPosition' },
      },
      present,
    );
    const values = new Float32Array(places.length);
    await builder.addRows(table, (cells) => {
      places.forEach((at, i) => (values[i] = labelCell(cells[at], present[i])));
      const id = filledCell(chosen.of(cells), chosen.name, 'a path');
      const years = ageCell(age(cells), 'PatientAge');
      builder.add(
        {
          id,
          image: chosen.locator.path(id, chosen.name),
          patient: idText(patient(cells), 'PatientID') || id,
          study: idText(study(cells), 'AccessionNumber') || id,
          split: 'train',
          sex: readSex(sex(cells)),
          ...(years !== undefined && { age: years }),
          view: view(cells) || undefined,
        },
        values,
      );
    });
    builder.remarks.push(...chosen.locator.remarks());
    return builder.result(path, { hasOwnSplits: false });
  },
};
