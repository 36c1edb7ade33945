import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { BadCell, filledCell, imageCell, labelCell, readSex, readSplit, showCell } from '../cells.js';
import { openTable, type Table } from '../table.js';
import { DatasetBuilder, fileIn, folderOf, type DatasetReader } from './reader.js';

const keyColumns = ['subject_id', 'study_id'];

/**
 * MIMIC-CXR-JPG 2.0.0 and 2.1.0: `mimic-cxr-2.x.0-split.csv.gz` lists the images, the labeller's table has the labels of
 * their studies, and the metadata table, where it is there, their views; `patients.csv.gz` of MIMIC-IV beside them tells
 * sex and age.
 */
function mimicReader(format: string, labeller: 'chexpert' | 'negbio'): DatasetReader {
  return {
    format,
    looksFor: `mimic-cxr-2.x.0-split.csv.gz and -${labeller}.csv.gz`,
    recognize: async (path) => {
      const labels = tableFile(path, labeller);
      const split = tableFile(path, 'split');
      return labels && split && `${basename(labels)} and ${basename(split)} are there`;
    },
    read: async (path, { images = folderOf(path) }) => {
      const table = await openTable(tableFile(path, labeller)!);
      const labels = table.header.filter((name) => name !== '' && !keyColumns.includes(name));
      const builder = new DatasetBuilder(labels);
      const labelsOfStudy = await readStudies(builder, table);
      const views = await readViews(builder, tableFile(path, 'metadata'));
      const people = await readPeople(builder, folderOf(path));
      const split = await openTable(tableFile(path, 'split')!);
      const column = places(split, ['dicom_id', 'subject_id', 'study_id', 'split']);
      const root = mimicRoot(images);
      let file: ((path: string) => string) | undefined;
      await builder.addRows(split, (cells) => {
        const [dicom, subject, study] = ['dicom_id', 'subject_id', 'study_id'].map((name) =>
          filledCell(cells[column(name)], name, 'a number'),
        );
        const part = readSplit(cells[column('split')]);
        if (part === undefined) throw new BadCell('split', 'train, validate or test', showCell(cells[column('split')]));
        const values = labelsOfStudy.get(study);
        if (!values) {
          builder.leaveOut(`their studies have no row in the ${labeller} table`);
          return;
        }
        const path = `p${subject.slice(0, 2)}/p${subject}/s${study}/${dicom}`;
        file ??= imageFile(root, path);
        const { view, year } = views.get(dicom) ?? {};
        builder.add(
          {
            id: dicom,
            image: imageCell(file(path), 'dicom_id', root),
            patient: subject,
            study,
            split: part,
            ...people(subject, year),
            view: view || undefined,
          },
          values,
        );
      });
      return builder.result(path, { hasOwnSplits: true });
    },
  };
}

/** MIMIC-CXR-JPG with CheXpert's labels. */
export const mimicReaderChexpert = mimicReader('mimic-cxr-jpg', 'chexpert');
/** MIMIC-CXR-JPG with NegBio's labels. */
export const mimicReaderNegbio = mimicReader('mimic-cxr-jpg-negbio', 'negbio');

function tableFile(path: string, what: string): string | undefined {
  return fileIn(path, new RegExp(`^mimic-cxr-2\\.\\d\\.\\d-${what}\\.csv(\\.gz)?$`));
}

/** Where the columns of a table are. @throws {InputError} if one is missing. */
function places({ file, header }: Table, names: readonly string[]): (name: string) => number {
  const missing = names.filter((name) => !header.includes(name));
  if (missing.length > 0)
    throw new InputError(`expected the columns ${names.join(', ')}, got no ${missing.join(', ')}`, { file, row: 1 });
  const at = new Map(names.map((name) => [name, header.indexOf(name)]));
  return (name) => at.get(name)!;
}

async function readStudies(builder: DatasetBuilder, table: Table): Promise<Map<string, Float32Array>> {
  const column = places(table, [...keyColumns, ...builder.labels]);
  const at = builder.labels.map(column);
  const studies = new Map<string, Float32Array>();
  await builder.addRows(table, (cells) => {
    const study = filledCell(cells[column('study_id')], 'study_id', 'a number');
    if (studies.has(study)) throw new BadCell('study_id', 'a row for each study', `another one of ${study}`);
    studies.set(
      study,
      Float32Array.from(at, (place, i) => labelCell(cells[place], builder.labels[i])),
    );
  });
  return studies;
}

type View = { view: string; year: number };

async function readViews(builder: DatasetBuilder, file: string | undefined): Promise<Map<string, View>> {
  const views = new Map<string, View>();
  if (file === undefined) return views;
  const table = await openTable(file);
  const column = places(table, ['dicom_id', 'ViewPosition']);
  const date = table.header.indexOf('StudyDate');
  await builder.addRows(table, (cells) => {
    views.set(cells[column('dicom_id')], {
      view: cells[column('ViewPosition')].trim(),
      year: date < 0 ? NaN : Number(cells[date].slice(0, 4)),
    });
  });
  return views;
}

/** Sex and age in a year, which MIMIC-IV tells in `patients.csv`. */
async function readPeople(
  builder: DatasetBuilder,
  folder: string,
): Promise<(subject: string, year?: number) => { sex?: 'F' | 'M'; age?: number }> {
  const file = ['patients.csv.gz', 'patients.csv'].map((name) => join(folder, name)).find((one) => existsSync(one));
  if (file === undefined) return () => ({});
  const table = await openTable(file);
  const column = places(table, ['subject_id', 'gender', 'anchor_age', 'anchor_year']);
  const people = new Map<string, { sex?: 'F' | 'M'; born: number }>();
  await builder.addRows(table, (cells) => {
    people.set(cells[column('subject_id')], {
      sex: readSex(cells[column('gender')]),
      born: Number(cells[column('anchor_year')]) - Number(cells[column('anchor_age')]),
    });
  });
  return (subject, year = NaN) => {
    const person = people.get(subject);
    const age = year - (person?.born ?? NaN);
    return { sex: person?.sex, ...(age >= 0 && age <= 120 && { age }) };
  };
}

/** The folder of `p10`, `p11` …: `files/` as it comes, or that folder itself. */
export function mimicRoot(folder: string): string {
  return existsSync(join(folder, 'files')) ? join(folder, 'files') : folder;
}

/** The extension that the images have here: `.jpg`, `.dcm` of MIMIC-CXR, `.png`. */
function imageFile(root: string, first: string): (path: string) => string {
  const extension = ['.jpg', '.dcm', '.png'].find((one) => existsSync(join(root, first + one))) ?? '.jpg';
  return (path) => path + extension;
}
