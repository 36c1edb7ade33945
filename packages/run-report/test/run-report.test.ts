import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '@cxr-align/engine';
import { madeUpData, quick } from '@cxr-align/testkit';
import { checkConfig, evaluateRun, openDataset, train, type OpenedDataset } from '@cxr-align/training';
import { runReport } from '../src/run-report.js';

const place = mkdtempSync(join(tmpdir(), 'reports-'));
const pageOf = (name: string): string => readFileSync(join(place, name, 'report.html'), 'utf8');

describe('runReport(folder, evaluated, options)', () => {
  const run = join(place, 'run');
  let path: string;
  let data: OpenedDataset;
  beforeAll(async () => {
    await startEngine('wasm');
    path = await madeUpData();
    const config = checkConfig({ ...quick, logGradientCosines: 2, holdOut: ['A/B'] }, 'test');
    data = await openDataset(path);
    const trained = await train({ data, out: run, config });
    await runReport(run, trained, { png: true, errorThumbnails: 2 });
  });

  it('shows the labels, the course of the training and its gradients, and the labels that were never trained', () => {
    const page = pageOf('run');
    expect(page).toContain('A/B');
    expect(page).toContain('Mean cosine between the gradients');
    expect(page).toContain('Labels that were never trained');
    expect(page).toContain('Largest errors');
  });
  it('writes each figure as a PNG file where that is wanted', () => {
    expect(readdirSync(join(run, 'figures')).every((name) => name.endsWith('.png'))).toBe(true);
  });
  it('shows where maps point and what labels find among images, of an evaluation in another folder', async () => {
    const out = join(place, 'boxes');
    const file = join(path, 'boxes.csv');
    writeFileSync(file, 'image,label,x,y,w,h\n5.png,A,0,0,8,16\n');
    const evaluated = await evaluateRun({ run, data, out, split: 'test', localise: true, boxes: file });
    await runReport(out, evaluated);
    expect(pageOf('boxes')).toContain('Where in the picture');
    expect(pageOf('boxes')).toContain('labels to images');
    expect(pageOf('boxes')).not.toContain('Largest errors');
  });
});
