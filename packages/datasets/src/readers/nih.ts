import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { resolveInside } from '@cxr-align/files';
import type { Split } from '../dataset.js';
import { readAge, readSex } from '../cells.js';
import { columnOf, readHeader, readTable } from '../table.js';
import { DatasetBuilder, type DatasetReader } from './reader.js';

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

/**
 * NIH ChestX-ray14: `Image Index, Finding Labels` (findings joined by `|`), with the official `train_val_list.txt` and
 * `test_list.txt` where they are there.
 */
export const nihReader: DatasetReader = {
  format: 'nih',
  recognize: (path) => {
    const file = tableFile(path);
    if (!file) return undefined;
    const header = readHeader(file);
    return header.includes('Image Index') && header.includes('Finding Labels')
      ? `${basename(file)} has the columns Image Index, Finding Labels`
      : undefined;
  },
  read: (path) => {
    const file = tableFile(path)!;
    const folder = dirname(file);
    const table = readTable(file);
    const { header } = table;
    const builder = new DatasetBuilder(findings);
    const test = listed(folder, 'test_list.txt');
    const [imageAt, findingAt] = [header.indexOf('Image Index'), header.indexOf('Finding Labels')];
    const [patientAt, ageAt, sexAt, viewAt] = ['patient id', 'patient age', 'patient gender', 'view position'].map(
      (name) => columnOf(header, [name]),
    );
    const imageFolder = existsSync(join(folder, 'images')) ? join(folder, 'images') : folder;
    for (const { line, cells } of table.rows((row) => builder.reject(row))) {
      const place = { file, row: line };
      const found = cells[findingAt].split('|').map((name) => name.trim());
      const strange = found.find((name) => name !== 'No Finding' && !findings.includes(name));
      const age = readAge(ageAt < 0 ? '' : cells[ageAt]);
      const expected = `No Finding alone, or some of ${findings.join(', ')}`;
      if (strange !== undefined || (found.includes('No Finding') && found.length > 1)) {
        builder.reject({ ...place, column: 'Finding Labels', expected, got: JSON.stringify(cells[findingAt]) });
      } else if (age === undefined) {
        builder.reject({
          ...place,
          column: header[ageAt],
          expected: 'years from 0 to 120',
          got: JSON.stringify(cells[ageAt]),
        });
      } else {
        const id = cells[imageAt];
        const split: Split = test.has(id) ? 'test' : 'train';
        const sample = {
          id,
          image: resolveInside(imageFolder, id, place),
          patient: patientAt < 0 ? id : cells[patientAt],
          study: id,
          split,
          sex: readSex(cells[sexAt] ?? ''),
          ...(Number.isNaN(age) ? {} : { age }),
          view: cells[viewAt]?.trim() || undefined,
        };
        builder.add(
          sample,
          findings.map((label) => (found.includes(label) ? 1 : 0)),
        );
      }
    }
    return builder.result(basename(folder), { hasOwnSplits: test.size > 0 });
  },
};

function tableFile(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  if (!statSync(path).isDirectory()) return /\.csv(\.gz)?$/.test(path) ? path : undefined;
  const name = readdirSync(path).find((entry) => /^Data_Entry_2017.*\.csv(\.gz)?$/.test(entry));
  return name === undefined ? undefined : join(path, name);
}

function listed(folder: string, name: string): Set<string> {
  const file = join(folder, name);
  return new Set(existsSync(file) ? readFileSync(file, 'utf8').split(/\s+/).filter(Boolean) : []);
}
