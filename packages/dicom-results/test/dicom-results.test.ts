import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { itWithPrograms } from '@cxr-align/testkit';
import dicomParser, { type DataSet } from 'dicom-parser';
import {
  presentationState,
  presentationStateObstacle,
  secondaryCapture,
  structuredReport,
  type Result,
} from '../src/index.js';
import { bytes, madeUpResult, madeUpSource } from './made-up-result.js';

const parse = (file: Uint8Array): DataSet => dicomParser.parseDicom(file);
const items = (data: DataSet, tag: string): DataSet[] => (data.elements[tag]?.items ?? []).map((one) => one.dataSet!);
const grey = { data: new Uint8Array(3 * 20 * 30).fill(90), width: 30, height: 20 };
const objects = (result: Result): Record<string, Uint8Array> => ({
  report: structuredReport(result),
  capture: secondaryCapture(result, grey),
  state: presentationState(result),
});

/** The content items below one, at any depth. */
const content = (data: DataSet): DataSet[] => items(data, 'x0040a730').flatMap((item) => [item, ...content(item)]);
const concept = (item: DataSet): string | undefined => items(item, 'x0040a043')[0]?.string('x00080100');

describe('results as DICOM', () => {
  it('are in the study of the image, of its patient byte for byte, in a series of their own', () => {
    const all = Object.values(objects(madeUpResult())).map(parse);
    for (const data of all) {
      expect(data.string('x0020000d')).toBe('1.2.3');
      expect(data.string('x00080005')).toBe('ISO_IR 100');
      const name = data.elements.x00100010;
      expect(data.byteArray.slice(name.dataOffset, name.dataOffset + name.length)).toEqual(bytes('M\xfcller^J\xf6rg '));
      expect(data.string('x00101010')).toBe('062Y');
      expect(data.string('x0020000e')).toMatch(/^2\.25\.\d{1,39}$/);
      const [equipment] = items(data, 'x0018a001');
      expect(equipment.string('x00081090')).toBe('runs/a');
      expect(equipment.string('x00181020')).toBe('1.2.3');
    }
    expect(new Set(all.map((data) => data.string('x0020000e'))).size).toBe(3);
    expect(new Set(all.map((data) => data.string('x00080018'))).size).toBe(3);
  });

  it('have the same UIDs for the same result, and others for another', () => {
    const uid = (result: Result) => parse(structuredReport(result)).string('x00080018');
    expect(uid(madeUpResult())).toBe(uid(madeUpResult({ date: new Date() })));
    expect(uid(madeUpResult())).not.toBe(uid(madeUpResult({ found: undefined })));
    expect(uid(madeUpResult())).not.toBe(uid(madeUpResult({ source: madeUpSource({ '00080018': '1.2.3.5' }) })));
  });

  it('report probability, threshold and call of each label, and the outline of each box', () => {
    const data = parse(structuredReport(madeUpResult()));
    expect(data.string('x0040a493')).toBe('UNVERIFIED');
    expect(items(data, 'x0040a504')[0].string('x0040db00')).toBe('1500');
    const groups = content(data).filter((item) => concept(item) === '125007');
    expect(groups.map((group) => items(group, 'x0040a504')[0].string('x0040db00'))).toEqual(['1501', '1501', '1410']);
    const numbers = (group: DataSet) =>
      content(group)
        .filter((item) => item.string('x0040a040') === 'NUM')
        .map((item) => Number(items(item, 'x0040a300')[0].string('x0040a30a')));
    expect(numbers(groups[0])).toEqual([71.25, 50]);
    expect(numbers(groups[1])).toEqual([20, 40]);
    const codes = (group: DataSet, name: string) =>
      content(group)
        .filter((item) => concept(item) === name)
        .map((item) => items(item, 'x0040a168')[0])
        .map((code) => [code.string('x00080100'), code.string('x00080102'), code.string('x00080104')]);
    expect(codes(groups[0], '121071')).toEqual([['19242006', 'SCT', 'Pulmonary edema']]);
    expect(codes(groups[0], '705057003')).toEqual([['52101004', 'SCT', 'Present']]);
    // No published code is known: a private one, spelled in what every character set has.
    expect(codes(groups[1], '121071')[0].slice(1)).toEqual(['99CXRALIGN', 'Verschattung Ubergang']);
    expect(codes(groups[1], '705057003')).toEqual([['2667000', 'SCT', 'Absent']]);
    const [outline] = content(groups[2]).filter((item) => item.string('x0040a040') === 'SCOORD');
    expect(Array.from({ length: 10 }, (_, i) => outline.float('x00700022', i))).toEqual([
      2, 3, 12, 3, 12, 8, 2, 8, 2, 3,
    ]);
    expect(items(data, 'x00080110')[0].string('x00080102')).toBe('99CXRALIGN');
  });

  it('show the picture with words below it, none of it covered', () => {
    const data = parse(secondaryCapture(madeUpResult(), grey));
    const rows = data.uint16('x00280010')!;
    const pixels = data.elements.x7fe00010;
    expect(data.string('x00280301')).toBe('YES');
    expect(rows).toBeGreaterThan(20);
    expect(pixels.length).toBe(3 * rows * 30);
    const values = data.byteArray.slice(pixels.dataOffset, pixels.dataOffset + pixels.length);
    expect(values.subarray(0, grey.data.length)).toEqual(grey.data);
    expect(new Set(values.subarray(grey.data.length))).toEqual(new Set([0, 255]));
  });

  it('show boxes over the image with its first window, and inverted where the image is', () => {
    const data = parse(presentationState(madeUpResult()));
    const [voi] = items(data, 'x00283110');
    expect([voi.string('x00281050'), voi.string('x00281051')]).toEqual(['2048', '4096']);
    expect(data.string('x20500020')).toBe('IDENTITY');
    const [graphics] = items(data, 'x00700001');
    const [box] = items(graphics, 'x00700009');
    expect(Array.from({ length: 10 }, (_, i) => box.float('x00700022', i))).toEqual([2, 3, 12, 3, 12, 8, 2, 8, 2, 3]);
    const inverted = madeUpResult({ source: madeUpSource({ '00280004': 'MONOCHROME1' }) });
    expect(parse(presentationState(inverted)).string('x20500020')).toBe('INVERSE');
  });

  it('say why there is no presentation state', () => {
    const colour = madeUpResult({ source: madeUpSource({ '00280004': 'RGB' }) });
    expect(presentationStateObstacle(colour)).toContain('the image is not grey');
    expect(() => presentationState(colour)).toThrow('the image is not grey');
    const table = madeUpResult({ source: { ...madeUpSource(), hasLookupTable: true } });
    expect(presentationStateObstacle(table)).toContain('lookup table');
    expect(() => presentationState(madeUpResult({ found: undefined }))).toThrow('expected boxes, got none');
  });

  it('refuse an image without UIDs, and leave out an age without a unit', () => {
    for (const value of [undefined, 'a'])
      expect(() => structuredReport(madeUpResult({ source: madeUpSource({ '0020000d': value }) }))).toThrow(
        `expected a Study Instance UID in the DICOM header, which results refer to, got ${value === undefined ? 'none' : 'another text'}`,
      );
    const data = parse(structuredReport(madeUpResult({ source: madeUpSource({ '00101010': '62' }) })));
    expect(data.elements.x00101010).toBeUndefined();
    expect(data.elements.x00100030.length).toBe(0);
  });

  itWithPrograms(['dciodvfy'], 'hold to the standard, as dciodvfy reads it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dicom-results-'));
    for (const [name, file] of Object.entries(objects(madeUpResult()))) {
      const path = join(folder, `${name}.dcm`);
      writeFileSync(path, file);
      const { stderr, stdout } = spawnSync('dciodvfy', ['-new', path], { encoding: 'utf8' });
      expect(`${stdout}${stderr}`).toMatch(/Comprehensive3DSR|SCImage|GrayscaleSoftcopyPresentationState/);
      expect(`${stdout}${stderr}`.split('\n').filter((line) => line.startsWith('Error'))).toEqual([]);
    }
  });
});
