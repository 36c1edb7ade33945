import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FeatureStore, FeatureStoreWriter, openTable, readDataset } from '@cxr-align/datasets';
import { writeNpy } from '@cxr-align/files';
import { zipSync } from 'fflate';
import type { Parser } from '../judge.js';
import { tables } from './files.js';
import { json, utf8 } from './text.js';

const labels = `image,patientId,sex,age,split,Edema,Lung Opacity
a.png,1,F,57,train,1,0
b.png,1,F,57Y,train,0,-1
"c.png",2,M,,val,,1
d.png,3,M,90+,test,1,1
`;
const chexpert = `Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Edema
CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0,
CheXpert-v1.0-small/train/patient00002/study2/view1_frontal.jpg,Male,87,Frontal,PA,,-1.0
`;
const nih = `Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position
00000001_000.png,Cardiomegaly|Emphysema,0,1,058Y,M,PA
00000002_000.png,No Finding,0,2,081Y,M,PA
`;
const tidy = `image,finding,value
a.png,Edema,1
a.png,Mass,0
b.png,Edema,0
b.png,Mass,1
`;
const allTables = [labels, chexpert, nih, tidy, labels.replaceAll(',', ';')].map(utf8);

const mapping = `name: mine
table: table.csv
image: "{folder}/{name}.png"
patient: person
sex: { column: sex, F: [W], M: [M] }
age: { column: age, unit: months, years: { "90+": 90 } }
split: part
labels:
  Edema: { column: oedema, present: [yes, 1], absent: [no], uncertain: ["?"] }
  Mass: mass
`;
const report = `<?xml version="1.0" encoding="utf-8"?><eCitation><uId id="CXR1"/><MeSH><major>normal</major>
<major>Cardiomegaly/borderline</major></MeSH><parentImage id="CXR1_1_IM-0001"><caption>PA</caption></parentImage></eCitation>`;

/** Four images of 3 × 3 pixels. */
function medmnist(channels: number[]): Uint8Array {
  const shape = [4, 3, 3, ...channels];
  const data = Uint8Array.from({ length: shape.reduce((product, extent) => product * extent, 1) }, (_, i) => i % 256);
  const labels = { shape: [4, 1], data: Uint8Array.of(0, 1, 1, 0) };
  return zipSync({ 'train_images.npy': writeNpy({ shape, data }), 'train_labels.npy': writeNpy(labels) });
}

async function every(file: string): Promise<void> {
  const table = await openTable(file);
  await table.each(() => undefined);
}

const dataset = (file: string): Promise<unknown> => readDataset(dirname(file), { maxBad: 1 });

function store(folder: string): void {
  const writer = new FeatureStoreWriter(
    folder,
    { encoder: 'e', weightsHash: 'f'.repeat(64), preprocessing: { size: 8 } },
    { dim: 4 },
  );
  writer.append(
    ['a', 'b'].map((id) => ({ id, content: id.repeat(16) })),
    Float32Array.from({ length: 8 }, (_, i) => i),
  );
}

function storeFile(name: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  store(folder);
  return readFileSync(join(folder, name));
}

const readStore = async (file: string): Promise<void> => {
  const opened = new FeatureStore(dirname(file));
  try {
    opened.read(Array.from({ length: Math.min(opened.rows, 4) }, (_, i) => i));
  } finally {
    opened.close();
  }
};

/** Tables, data sets and stores of the room `datasets`. */
export const tableParsers: readonly Parser[] = [
  { name: 'csv', grammar: 'csv', file: 'input.csv', seeds: async () => allTables, parse: every },
  {
    name: 'csv-gzip',
    grammar: 'binary',
    file: 'input.csv.gz',
    seeds: async () => [gzipSync(labels), gzipSync(chexpert.repeat(20)), gzipSync('a'.repeat(100_000))],
    parse: every,
  },
  {
    name: 'json-lines',
    grammar: 'lines',
    file: 'input.jsonl',
    seeds: async () => [utf8('{"file_name":"a.png","Edema":1}\n{"file_name":"b.png","Edema":null,"extra":[1]}\n')],
    parse: every,
  },
  {
    name: 'parquet-table',
    isLong: true,
    grammar: 'binary',
    file: 'input.parquet',
    seeds: async () => tables(),
    parse: every,
  },
  {
    name: 'data-labels',
    grammar: 'csv',
    file: 'labels.csv',
    seeds: async () => [utf8(labels), utf8(tidy)],
    parse: dataset,
    isFolder: true,
  },
  {
    name: 'data-chexpert',
    isLong: true,
    grammar: 'csv',
    file: 'train.csv',
    seeds: async () => [utf8(chexpert)],
    parse: dataset,
    isFolder: true,
  },
  {
    name: 'data-nih',
    isLong: true,
    grammar: 'csv',
    file: 'Data_Entry_2017.csv',
    seeds: async () => [utf8(nih)],
    parse: dataset,
    isFolder: true,
  },
  {
    name: 'data-label-names',
    isLong: true,
    grammar: 'json',
    file: 'hierarchy.json',
    seeds: async () => [json({ nodes: ['Edema', 'Lung Opacity'], parent: { Edema: 'Lung Opacity' } }), json(['Edema'])],
    prepare: (folder) => writeFileSync(join(folder, 'labels.csv'), labels),
    parse: dataset,
    isFolder: true,
  },
  {
    name: 'data-mapping',
    isLong: true,
    grammar: 'yaml',
    file: 'dataset.yaml',
    seeds: async () => [
      utf8(mapping),
      utf8('table: table.csv\nimage: name\nfindings: { column: found, labels: [Edema] }\n'),
    ],
    prepare: (folder) =>
      writeFileSync(
        join(folder, 'table.csv'),
        'folder,name,person,sex,age,part,oedema,mass,found\nx,a,1,W,12,train,yes,0,Edema\nx,b,2,M,90+,val,?,1,\n',
      ),
    parse: dataset,
    isFolder: true,
  },
  {
    name: 'data-medmnist',
    grammar: 'binary',
    file: 'input.npz',
    seeds: async () => [medmnist([]), medmnist([3])],
    parse: dataset,
    isFolder: true,
  },
  {
    name: 'data-parquet',
    grammar: 'binary',
    file: 'train-00000-of-00001.parquet',
    seeds: async () => [tables()[1]],
    parse: dataset,
    isFolder: true,
  },
  {
    name: 'data-open-i',
    grammar: 'xml',
    file: '1.xml',
    seeds: async () => [utf8(report)],
    prepare: (folder) => mkdirSync(join(folder, 'images')),
    parse: dataset,
    isFolder: true,
  },
  {
    name: 'store-index',
    grammar: 'json',
    file: 'index.json',
    seeds: async () => [storeFile('index.json')],
    prepare: store,
    parse: readStore,
    isFolder: true,
  },
  {
    name: 'store-shard',
    grammar: 'binary',
    file: 'features-00000.safetensors',
    seeds: async () => [storeFile('features-00000.safetensors')],
    prepare: store,
    parse: readStore,
    isFolder: true,
  },
];
