import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { BadCell, filledCell, imageCell, labelCell, readSex, readSplit, showCell } from '../cells.js';
import { openTable, type Table } from '../table.js';
import { columnPlaces, DatasetBuilder, fileIn, folderOf, type DatasetReader } from './reader.js';

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
      const names = ['dicom_id', 'subject_id', 'study_id', 'split'];
      const places = columnPlaces(split, names);
      const root = mimicRoot(images);
      let file: ((path: string) => string) | undefined;
      await builder.addRows(split, (cells) => {
        const [dicom, subject, study, word] = places.map((at, i) => filledCell(cells[at], names[i], 'a text'));
        const part = readSplit(word);
        if (part === undefined) throw new BadCell('split', 'train, validate or test', showCell(word));
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

async function readStudies(builder: DatasetBuilder, table: Table): Promise<Map<string, Float32Array>> {
  const [studyAt, ...at] = columnPlaces(table, ['study_id', ...builder.labels]);
  const studies = new Map<string, Float32Array>();
  await builder.addRows(table, (cells) => {
    const study = filledCell(cells[studyAt], 'study_id', 'a number');
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
  const [dicom, view] = columnPlaces(table, ['dicom_id', 'ViewPosition']);
  const date = table.header.indexOf('StudyDate');
  await builder.addRows(table, (cells) => {
    views.set(cells[dicom], {
      view: cells[view].trim(),
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
  const [id, gender, age, year] = columnPlaces(table, ['subject_id', 'gender', 'anchor_age', 'anchor_year']);
  const people = new Map<string, { sex?: 'F' | 'M'; born: number }>();
  await builder.addRows(table, (cells) => {
    people.set(cells[id], {
      sex: readSex(cells[gender]),
      born: Number(cells[year]) - Number(cells[age]),
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
