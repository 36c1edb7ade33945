import { gzipSync } from 'node:zlib';
import { InputError, writeNpy } from '@cxr-align/files';
import { zipSync } from 'fflate';
import { readDataset, type ReadDatasetOptions } from '../src/index.js';
import { folderWith } from './temporary.js';

type Files = Record<string, string | Uint8Array>;
interface Refusal {
  files: Files;
  options?: ReadDatasetOptions;
  /** What the message has, after the folder. */
  message: string;
}

const chexpert = 'Path,Sex,Age,Frontal/Lateral,AP/PA,Edema\n';
const nih = 'Image Index,Finding Labels,Patient Age\n';
const mimic = {
  'mimic-cxr-2.0.0-split.csv': 'dicom_id,study_id,subject_id,split\nd1,50,10,train\n',
  'mimic-cxr-2.0.0-chexpert.csv': 'subject_id,study_id,Edema\n10,50,1.0\n',
};
const npz = (arrays: Record<string, Uint8Array>): Uint8Array =>
  zipSync(Object.fromEntries(Object.entries(arrays).map(([name, bytes]) => [`${name}.npy`, bytes])));
const mapping = 'table: t.csv\nimage: f\nlabels: [A]\n';

/** Every error that reading can end in: what is there, and what is said. Each names what was expected, what was found and what to do. */
const refusals: Record<string, Refusal> = {
  // The folder and the format.
  'a data set whose writing was stopped': {
    files: { '.cxr-unfinished': '', 'labels.csv': 'image,A\na,1\n' },
    message: 'expected a whole data set, got one whose writing was stopped; write it again by the same command',
  },
  'no layout': { files: { 'a.txt': '' }, message: 'expected a data set, got' },
  'a workbook alone': {
    files: { 'a.xls': '<html><table>' },
    message: 'a.xls is an HTML page with a table, as some systems save under .xls: open it',
  },
  'an unknown format': { files: {}, options: { format: 'x' }, message: 'expected a format of auto, mapping,' },
  'another format': { files: {}, options: { format: 'nih' }, message: 'expected a data set of the format nih, got' },
  'no folder of images': {
    files: {},
    options: { images: '/nowhere' },
    message: 'expected a folder of images, got /nowhere (no such folder); check the path',
  },
  'columns of a fixed layout': {
    files: { 'train.csv': chexpert },
    options: { columns: { age: 'x' } },
    message: 'the layout chexpert has columns of its own; leave them out',
  },
  // Tables.
  'an empty table': {
    files: { 'labels.csv': '' },
    message: 'labels.csv: expected a header and rows, got an empty file; export the table again',
  },
  'a binary table': {
    files: { 'labels.csv': Uint8Array.of(97, 0) },
    message: 'expected text, got NUL characters (a binary file?); save it as UTF-8',
  },
  'bytes of another encoding': {
    files: { 'labels.csv': Uint8Array.of(97, 0xe9, 10) },
    message: 'row 1: expected UTF-8 text, got other bytes after this row; save it as UTF-8',
  },
  'a cut gzip file': {
    files: { 'labels.csv.gz': gzipSync('image,A\na,1\n').subarray(0, 20) },
    message: 'expected a whole gzipped table, got',
  },
  'a column twice': {
    files: { 'labels.csv': 'image,A,A\na,1,1\n' },
    message: 'row 1, column A: expected each column once, got "A" twice; rename or remove one',
  },
  'an open quote': {
    files: { 'labels.csv': 'image,A\n"a,1\n' },
    message: 'row 2, column image: expected a CSV table, got a quote that is not closed; close it, or remove it',
  },
  'a text behind a quote': {
    files: { 'labels.csv': 'image,A\n"a"b,1\n' },
    message: 'got a text behind a closing quote; write quotes within a quoted cell twice ("")',
  },
  'rows of another length': {
    files: { 'labels.csv': 'image,A\na,1,\n' },
    message: 'row 2: expected 2 cells as in the header, got 3, in this row and all others; quote cells',
  },
  'a Parquet file that is none': {
    files: { 'labels.parquet': 'text' },
    message: 'labels.parquet: expected a Parquet file, got',
  },
  'a line that is no JSON': {
    files: { 'metadata.jsonl': '{"file_name": "a"}\nx\n' },
    message: 'row 2: expected a JSON object in each line, got something else; write the lines again',
  },
  // A plain table.
  'no label': {
    files: { 'labels.csv': 'image,age\na,3\n' },
    message: 'expected at least one column of 0 and 1, got none; name the label columns in a labels.json',
  },
  'a column that is not there': {
    files: { 'labels.csv': 'image,A\na,1\n' },
    options: { columns: { patient: 'p' } },
    message: 'expected a column "p" for patient, got "image", "A"; name one of these',
  },
  'a label without a column': {
    files: { 'labels.csv': 'image,A\na,1\n', 'labels.json': '["B"]' },
    message: 'expected a column "B", got none; the labels come from the file beside the table',
  },
  'labels that are no list': {
    files: { 'labels.csv': 'image,A\na,1\n', 'labels.json': '{}' },
    message: 'labels.json: expected a list of label names, or an object with "nodes"',
  },
  'labels that are no JSON': {
    files: { 'labels.csv': 'image,A\na,1\n', 'labels.json': '[' },
    message: 'labels.json: expected JSON, got',
  },
  'a mistyped label': {
    files: { 'labels.csv': 'image,A\na,1\nb,l\nc,0\n' },
    message:
      'row 3, column A: expected 1, 0, -1 or blank, got "l"; correct the rows, or allow more bad rows (1 of 3 rows are bad, maxBad is 0.01)',
  },
  'a split that is none': {
    files: { 'labels.csv': 'image,split,A\na,trian,1\n' },
    message: 'column split: expected train, val or test, got "trian"',
  },
  'an image twice': {
    files: { 'labels.csv': 'image,A\na,1\na,0\n' },
    message: 'row 3, column image: expected one row for each image, got another row of a',
  },
  'a path that leaves the folder': {
    files: { 'labels.csv': 'image,A\n../a,1\n' },
    message: 'column image: expected a relative path inside the data folder, got "../a"',
  },
  'a rounded id': {
    files: { 'labels.csv': 'image,patient,A\na,1.2E+07,1\n' },
    message: 'column patient: expected all digits of an id, got "1.2E+07", a rounded number; export the column as text',
  },
  'two images of one name': {
    files: { 'labels.csv': 'image,A\nA.PNG,1\n', 'x/a.png': '', 'y/a.png': '' },
    message: 'expected one image "A.PNG" below the folder, got x/a.png and y/a.png; pass the folder',
  },
  // A mapping.
  'a mapping that is none': {
    files: { 'dataset.yaml': 'a: [' },
    message: 'dataset.yaml: expected YAML or JSON, got',
  },
  'a key that is none': {
    files: { 'dataset.yaml': `${mapping}x: 1\n` },
    message: 'expected a mapping of columns, got',
  },
  'labels and findings': {
    files: { 'dataset.yaml': `${mapping}findings: {column: A, labels: [B]}\n` },
    message: 'expected either labels or findings in the mapping, got both or neither; keep one of them',
  },
  'a table elsewhere': {
    files: { 'dataset.yaml': mapping.replace('t.csv', '../t.csv') },
    message: 'column table: expected a path inside the data folder, got "../t.csv"; use a relative path',
  },
  'a column that the mapping names': {
    files: { 'dataset.yaml': mapping, 't.csv': 'g,A\na,1\n' },
    message: 't.csv, row 1: expected a column "f", which the mapping names, got "g", "A"; correct the mapping',
  },
  // Layouts of their own.
  'no label column of CheXpert': {
    files: { 'train.csv': chexpert.replace(',Edema', '') },
    message: 'expected label columns after Path, Sex, Age, Frontal/Lateral, AP/PA, got none; is it a table of labels?',
  },
  'an impossible age': {
    files: { 'Data_Entry_2017.csv': `${nih}a.png,Mass,414\n` },
    message: 'row 2, column Patient Age: expected years from 0 to 120, got "414"',
  },
  'an unknown finding': {
    files: { 'Data_Entry_2017.csv': `${nih}a.png,Zebra,4\n` },
    message: 'column Finding Labels: expected No Finding alone, or some of Atelectasis',
  },
  'tables that do not belong together': {
    files: { ...mimic, 'mimic-cxr-2.0.0-chexpert.csv': 'subject_id,study_id,Edema\n10,51,1.0\n' },
    message: 'expected rows for the images of the other table, got none that match',
  },
  'a missing column of MIMIC': {
    files: { ...mimic, 'mimic-cxr-2.0.0-split.csv': 'dicom_id\nd1\n' },
    message:
      'expected the columns dicom_id, subject_id, study_id, split, got no subject_id, study_id, split; is it the table of this layout?',
  },
  'a list that is none': {
    files: {
      'PADCHEST_chest_x_ray_images_labels_160K.csv':
        'ImageID,StudyID,PatientID,Projection,Labels\na.png,1,1,PA,normal\n',
    },
    message: 'column Labels: expected a list such as [\'normal\'], got "normal"',
  },
  'only excluded images': {
    files: { 'metadata.csv': 'patientid,finding,view,modality,filename\n1,COVID,PA,CT,a.png\n' },
    message: 'expected images that can be used, got none: 1 were excluded, since they are no X-rays',
  },
  'no labels of CheXpert Plus': {
    files: { 'df_chexpert_plus_240401.csv': 'path_to_image\na\n' },
    message: 'got no chexbert_labels/impression_fixed.json; unpack chexbert_labels.zip here',
  },
  'a role that no table has': {
    files: { 'labels.csv': 'image,A\na,1\n' },
    options: { columns: { colour: 'A' } as never },
    message: 'got one for colour; correct the role',
  },
  'a mapping whose label graph is not there': {
    files: { 'dataset.yaml': `${mapping}graph: g.json\n`, 't.csv': 'f,A\na,1\n' },
    message: 'g.json: expected a label graph, got no such file; check the path',
  },
  'a mapping that is no YAML': {
    files: { 'dataset.yaml': 'table: [', 't.csv': 'f,A\na,1\n' },
    message: 'dataset.yaml: expected YAML or JSON, got',
  },
  'boxes that are not as COCO has them': {
    files: {
      'imgs/health/a.png': '',
      'imgs/tb/b.png': '',
      'lists/x.txt': '',
      'annotations/json/TBX11K_train.json': '{"images": []}',
    },
    message: 'expected images, annotations and categories as COCO has them, got other keys; unpack the release again',
  },
  // Arrays.
  'arrays of other names': {
    files: { 'a.npz': npz({ x: writeNpy({ shape: [1], data: Uint8Array.of(1) }) }) },
    message: 'expected the arrays train_images, train_labels, …, got x; name them so',
  },
  'images of another kind': {
    files: { 'a.npz': npz({ train_images: writeNpy({ shape: [1, 2], data: Uint8Array.of(1, 2) }) }) },
    message: 'got [1,2]; transpose the array',
  },
  'images without labels': {
    files: { 'a.npz': npz({ train_images: writeNpy({ shape: [1, 1, 2], data: Uint8Array.of(1, 2) }) }) },
    message: 'expected labels [1, 1] for the 1 images, got none; save both',
  },
};

describe('every error that reading a data set can end in', () => {
  it.each(Object.entries(refusals))('%s: an input error with its text', async (_, { files, options, message }) => {
    const error: unknown = await readDataset(folderWith(files), options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).toMatch(/expected .*, got/s);
    expect((error as Error).message).not.toMatch(/--\w/);
  });
});
