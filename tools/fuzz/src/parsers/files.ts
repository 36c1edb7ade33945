import {
  openParquet,
  openZip,
  readJson,
  readNpy,
  readNpyIds,
  readNpz,
  readSafetensors,
  readSafetensorsHeader,
  writeNpy,
  writeSafetensors,
} from '@cxr-align/files';
import { zipSync } from 'fflate';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Parser } from '../judge.js';
import { json, utf8 } from './text.js';

const matrix = (): Uint8Array => writeNpy({ shape: [3, 4], data: Float32Array.from({ length: 12 }, (_, i) => i / 3) });

/** Arrays as NumPy writes them, of several types. */
function arrays(): Uint8Array[] {
  const typed = (descr: string, shape: string, data: Uint8Array, order = 'False'): Uint8Array => {
    const header = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`.padEnd(117) + '\n';
    const head = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0]);
    return new Uint8Array(Buffer.concat([head, Buffer.from(header), data]));
  };
  const words = Buffer.from(BigInt64Array.of(1n, -5n, 2n ** 40n).buffer);
  return [
    matrix(),
    writeNpy({ shape: [5], data: Uint8Array.of(0, 1, 1, 0, 1) }),
    typed('<i8', '3,', words),
    typed('<f2', '2, 6', words, 'True'),
    typed('<U3', '2,', words),
    typed('|S4', '6,', words),
  ];
}

const archive = (): Uint8Array[] => [
  zipSync({ 'train_images.npy': matrix(), 'train_labels.npy': matrix() }),
  zipSync({ 'a.npy': [matrix(), { level: 0 }], 'folder/b.npy': arrays()[2], 'note.txt': utf8('a note') }),
];

/** Tables of every kind of column. */
export function tables(): Uint8Array[] {
  const rows = Array.from({ length: 40 }, (_, i) => i);
  const plain = parquetWriteBuffer({
    columnData: [
      { name: 'sample', data: rows.map((i) => `image-${i}`), type: 'STRING' },
      { name: 'y:Edema', data: rows.map((i) => (i % 5 ? i % 2 : null)), type: 'INT32', nullable: true },
      { name: 'p:Edema', data: rows.map((i) => i / 40), type: 'DOUBLE' },
      { name: 'is', data: rows.map((i) => i % 3 === 0), type: 'BOOLEAN' },
    ],
    rowGroupSize: 16,
  });
  const images = parquetWriteBuffer({
    schema: [
      { name: 'root', num_children: 2 },
      { name: 'image', num_children: 1, repetition_type: 'OPTIONAL' },
      { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
      { name: 'label', type: 'INT32', repetition_type: 'REQUIRED' },
    ],
    columnData: [
      { name: 'image', data: rows.map((i) => ({ bytes: Uint8Array.of(i, 1, 2) })) },
      { name: 'label', data: rows.map((i) => i % 2) },
    ],
    kvMetadata: [{ key: 'huggingface', value: '{"info":{"features":{}}}' }],
  });
  return [new Uint8Array(plain), new Uint8Array(images)];
}

const tensors = (): Uint8Array[] => [
  writeSafetensors(
    new Map([
      ['weight', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
      ['steps', { shape: [2], data: Int32Array.of(7, 8) }],
    ]),
    { metadata: { note: 'a' }, halves: new Set(['weight']) },
  ),
];

/** The formats of the room `files`. */
export const fileParsers: readonly Parser[] = [
  {
    name: 'json',
    grammar: 'json',
    file: 'input.json',
    seeds: async () => [json({ labels: ['Edema', 'Mass'], nested: [{ a: 1 }, null, true] }), json(['a'])],
    parse: async (file) => readJson(file),
  },
  {
    name: 'npy',
    grammar: 'binary',
    file: 'input.npy',
    seeds: async () => arrays(),
    parse: async (file, bytes) => readNpy(bytes, file),
  },
  {
    name: 'npy-ids',
    grammar: 'binary',
    file: 'input.npy',
    seeds: async () => arrays(),
    parse: async (file, bytes) => readNpyIds(bytes, file),
  },
  { name: 'npz', grammar: 'binary', file: 'input.npz', seeds: async () => archive(), parse: (file) => readNpz(file) },
  {
    name: 'zip',
    grammar: 'binary',
    file: 'input.zip',
    seeds: async () => archive(),
    parse: async (file) => {
      const zip = await openZip(file);
      try {
        for (const { name } of zip.entries) await zip.read(name);
      } finally {
        await zip.close();
      }
    },
  },
  {
    name: 'safetensors',
    grammar: 'binary',
    file: 'input.safetensors',
    seeds: async () => tensors(),
    parse: async (file, bytes) => {
      readSafetensorsHeader(file);
      readSafetensors(bytes, file);
    },
  },
  {
    name: 'parquet',
    grammar: 'binary',
    file: 'input.parquet',
    seeds: async () => tables(),
    parse: async (file) => {
      const parquet = await openParquet(file);
      try {
        for (const group of parquet.groups.keys()) await parquet.read(group, { areBytes: group % 2 === 0 });
      } finally {
        await parquet.close();
      }
    },
  },
];
