import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PredictionRecord } from '../../src/predictions/prediction-record.js';
import { fileWriter } from '../../src/predictions/record-writer.js';

const place = mkdtempSync(join(tmpdir(), 'records-'));
const model = { name: 'run', hash: 'abc', version: '1', engine: 'wasm (x)', thresholds: 'given' };
const label = { probability: 0.25, score: 0.25, threshold: 0.5, positive: false };
const records: PredictionRecord[] = [
  { file: 'a, "b".png', dataHash: 'd1', model, labels: { Edema: label }, study: '1.2', instance: '1.3', seconds: 0.1 },
  { file: '=cmd.png', model, error: '=cmd.png: expected an image,\ngot none', seconds: 0 },
];

function write(name: string): string {
  const file = join(place, name);
  const writer = fileWriter(file, ['Edema']);
  for (const record of records) writer.write(record);
  expect(existsSync(file)).toBe(false);
  writer.close();
  return readFileSync(file, 'utf8');
}

describe('fileWriter(file, labels)', () => {
  it('writes JSON lines', () => {
    const lines = write('deep/x.jsonl').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(records);
  });
  it('writes CSV with a row for each file, quoted, and nothing that a spreadsheet computes', () => {
    expect(write('x.CSV')).toBe(
      [
        'file,error,dataHash,model,modelHash,version,engine,thresholds,study,instance,seconds,map,mapEvidence,probability:Edema,score:Edema,threshold:Edema,positive:Edema',
        '"a, ""b"".png",,d1,run,abc,1,wasm (x),given,1.2,1.3,0.1,,,0.25,0.25,0.5,0',
        '\'=cmd.png,"\'=cmd.png: expected an image,\ngot none",,run,abc,1,wasm (x),given,,,0,,,,,,',
        '',
      ].join('\n'),
    );
  });
  it('refuses another extension', () => {
    expect(() => fileWriter(join(place, 'x.txt'), [])).toThrow('expected --out to end in .jsonl or .csv, got');
  });
});
