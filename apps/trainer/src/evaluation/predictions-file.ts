import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer, type ColumnSource } from 'hyparquet-writer';
import type { Predictions } from './predictions.js';

const fileName = 'predictions.parquet';

/** Writes `predictions.parquet`: sample, patient, split, and `y:NAME`, `p:NAME` for each label. */
export function writePredictions(folder: string, { labels, samples, targets, probabilities }: Predictions): void {
  const text = (name: string, value: (sample: Predictions['samples'][number]) => string): ColumnSource => ({
    name,
    data: samples.map(value),
    type: 'STRING',
  });
  const count = labels.length;
  const columns: ColumnSource[] = [
    text('sample', ({ id }) => id),
    text('patient', ({ patient }) => patient),
    text('split', ({ split }) => split),
  ];
  labels.forEach((label, i) => {
    const y = samples.map((_, row) => targets[row * count + i]);
    columns.push({
      name: `y:${label}`,
      data: y.map((value) => (Number.isNaN(value) ? null : value)),
      type: 'INT32',
      nullable: true,
    });
    columns.push({ name: `p:${label}`, data: samples.map((_, row) => probabilities[row * count + i]), type: 'FLOAT' });
  });
  writeFileAtomic(join(folder, fileName), new Uint8Array(parquetWriteBuffer({ columnData: columns })));
}

/** Reads what {@link writePredictions} wrote. @throws {InputError} if the folder holds no predictions. */
export async function readPredictions(folder: string): Promise<Predictions> {
  const file = join(folder, fileName);
  if (!existsSync(file))
    throw new InputError(`expected a run or a folder of evaluate with ${fileName}, got none`, { file: folder });
  const bytes = readFileSync(file);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  let rows: Record<string, unknown>[];
  try {
    rows = await parquetReadObjects({ file: buffer });
  } catch (error) {
    throw new InputError(`expected a Parquet file, got ${(error as Error).message}; evaluate again`, { file });
  }
  const labels = Object.keys(rows[0] ?? {}).flatMap((name) => (name.startsWith('y:') ? [name.slice(2)] : []));
  return {
    labels,
    samples: rows.map(({ sample, patient, split }) => ({
      id: String(sample),
      patient: String(patient),
      split: split as 'test',
    })),
    targets: Float32Array.from(
      rows.flatMap((row) => labels.map((label) => (row[`y:${label}`] === null ? NaN : Number(row[`y:${label}`])))),
    ),
    probabilities: Float32Array.from(rows.flatMap((row) => labels.map((label) => Number(row[`p:${label}`])))),
  };
}
