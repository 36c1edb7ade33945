import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AnnotationError, showCell } from '../annotation-error.js';
import { filledCell, idCell, idText, imageCell, labelCell, readSex, readSplit } from '../columns/cell-values.js';
import { evenRows } from '../columns/column-survey.js';
import { openTable } from '../table/open-table.js';
import type { Table } from '../table/table.js';
import { isNoLabel } from '../columns/column-roles.js';
import { DatasetBuilder } from './dataset-builder.js';
import { Join } from './join.js';
import { columnPlaces, fileIn, folderOf, type DatasetReader } from './reader.js';

const keyColumns = ['subject_id', 'study_id'];

/**
 * MIMIC-CXR-JPG 2.0.0 and 2.1.0: `mimic-cxr-2.x.0-split.csv.gz` lists the images, the labeller's table has the labels of
 * their studies, and the metadata table, where it is there, their views; `patients.csv.gz` of MIMIC-IV beside them has
 * sex and age.
 */
function mimicReader(format: string, labeller: 'chexpert' | 'negbio'): DatasetReader {
  return {
    format,
    description: `mimic-cxr-2.x.0-split.csv.gz and -${labeller}.csv.gz`,
    detect: async (path) => {
      const labels = tableFile(path, labeller);
      const split = tableFile(path, 'split');
      return labels && split && `${basename(labels)} and ${basename(split)} are there`;
    },
    read: async (path, { images = folderOf(path) }) => {
      const table = await openTable(tableFile(path, labeller)!);
      const labels = table.header.filter((name) => !isNoLabel(name) && !keyColumns.includes(name));
      const builder = new DatasetBuilder(labels);
      const labelsOfStudy = new Join(table.file, 'study_id', await readStudies(builder, table));
      const views = await readViews(builder, tableFile(path, 'metadata'));
      const people = await readPeople(builder, folderOf(path));
      const split = await openTable(tableFile(path, 'split')!);
      builder.useColumns(table, { study: 'study_id' }, labels);
      builder.useColumns(split, { image: 'dicom_id', patient: 'subject_id', study: 'study_id', split: 'split' });
      const names = ['dicom_id', 'subject_id', 'study_id', 'split'];
      const places = columnPlaces(split, names);
      const root = mimicRoot(images);
      const extension = await imageExtension(root, split, places);
      await builder.addRows(split, (cells) => {
        const [dicom, subject, study] = places.map((at, i) => idCell(cells[at], names[i]));
        const word = filledCell(cells[places[3]], 'split', 'a text');
        const part = readSplit(word);
        if (part === undefined) throw new AnnotationError('split', 'train, validate or test', showCell(word));
        const values = labelsOfStudy.get(study);
        if (!values) {
          builder.exclude(`their studies have no row in the ${labeller} table`);
          return;
        }
        const { view, year } = views.get(dicom) ?? {};
        builder.add(
          {
            id: dicom,
            image: imageCell(`${imagePath(dicom, subject, study)}${extension}`, 'dicom_id', root),
            patient: subject,
            study,
            split: part,
            ...people.of(subject, year),
            view: view || undefined,
          },
          values,
        );
      });
      labelsOfStudy.finish(builder, 'labels');
      views.finish(builder, 'view');
      people.finish(builder);
      return builder.result(path, { hasOwnSplits: true });
    },
  };
}

function imagePath(dicom: string, subject: string, study: string): string {
  return `p${subject.slice(0, 2)}/p${subject}/s${study}/${dicom}`;
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
    const study = idCell(cells[studyAt], 'study_id');
    if (studies.has(study)) throw new AnnotationError('study_id', 'a row for each study', `another one of ${study}`);
    studies.set(
      study,
      Float32Array.from(at, (place, i) => labelCell(cells[place], builder.labels[i])),
    );
  });
  return studies;
}

type View = { view: string; year: number };

async function readViews(builder: DatasetBuilder, file: string | undefined): Promise<Join<View>> {
  const views = new Map<string, View>();
  if (file === undefined) return new Join('', 'dicom_id', views);
  const table = await openTable(file);
  const [dicom, view] = columnPlaces(table, ['dicom_id', 'ViewPosition']);
  const date = table.header.indexOf('StudyDate');
  builder.useColumns(table, { image: 'dicom_id', view: 'ViewPosition', 'year of the study': 'StudyDate' });
  await builder.addRows(table, (cells) => {
    views.set(idText(cells[dicom], 'dicom_id'), {
      view: cells[view].trim(),
      year: date < 0 ? NaN : Number(cells[date].slice(0, 4)),
    });
  });
  return new Join(file, 'dicom_id', views);
}

interface People {
  /** Sex, and age in a year. */
  of: (subject: string, year?: number) => { sex?: 'F' | 'M'; age?: number };
  finish: (builder: DatasetBuilder) => void;
}

/** The patients of MIMIC-IV: `patients.csv` beside the tables. */
async function readPeople(builder: DatasetBuilder, folder: string): Promise<People> {
  const file = ['patients.csv.gz', 'patients.csv'].map((name) => join(folder, name)).find((one) => existsSync(one));
  if (file === undefined) return { of: () => ({}), finish: () => {} };
  const table = await openTable(file);
  const [id, gender, age, year] = columnPlaces(table, ['subject_id', 'gender', 'anchor_age', 'anchor_year']);
  const people = new Map<string, { sex?: 'F' | 'M'; born: number }>();
  builder.useColumns(table, { patient: 'subject_id', sex: 'gender', age: 'anchor_age', 'year of age': 'anchor_year' });
  await builder.addRows(table, (cells) => {
    people.set(idText(cells[id], 'subject_id'), {
      sex: readSex(cells[gender]),
      born: Number(cells[year]) - Number(cells[age]),
    });
  });
  const found = new Join(file, 'subject_id', people);
  return {
    of: (subject, year = NaN) => {
      const person = found.get(subject);
      const age = year - (person?.born ?? NaN);
      return { sex: person?.sex, ...(age >= 0 && age <= 120 && { age }) };
    },
    finish: (to) => found.finish(to, 'sex and age'),
  };
}

/** The folder of `p10`, `p11` …: `files/` as it comes, or that folder itself. */
export function mimicRoot(folder: string): string {
  return existsSync(join(folder, 'files')) ? join(folder, 'files') : folder;
}

/** The extension that most images have here: `.jpg`, `.dcm` of MIMIC-CXR, `.png`. */
async function imageExtension(root: string, split: Table, places: readonly number[]): Promise<string> {
  const rows = existsSync(root) ? await evenRows(split) : [];
  const paths = rows.map((cells) => {
    const [dicom, subject, study] = places.map((at) => cells[at].trim().replace(/\.0+$/, ''));
    return join(root, imagePath(dicom, subject, study));
  });
  const counts = ['.jpg', '.dcm', '.png'].map((extension) => ({
    extension,
    found: paths.filter((path) => existsSync(path + extension)).length,
  }));
  return counts.reduce((best, one) => (one.found > best.found ? one : best)).extension;
}
