import { drawSplit, limitTraining, overlappingPatients, type Dataset } from '../src/index.js';

const dataset = (patients: string[]): Dataset => ({
  name: 'made up',
  format: 'labels-csv',
  reason: '',
  samples: patients.map((patient, i) => ({ id: `${i}`, image: `/${i}`, patient, study: patient, split: 'train' })),
  annotations: { labels: ['a'], values: Float32Array.from(patients, (_, i) => i) },
  badRows: [],
  excluded: [],
  columns: { used: {}, unused: [] },
  remarks: [],
  hasOwnSplits: false,
});
const many = dataset(Array.from({ length: 200 }, (_, i) => `p${Math.floor(i / 3)}`));
const sizes = ({ samples }: Dataset) => ({
  train: samples.filter(({ split }) => split === 'train').length,
  val: samples.filter(({ split }) => split === 'val').length,
});

describe('drawSplit(dataset, split, share, seed)', () => {
  it('moves whole patients, about the share of images, the same ones for the same seed', () => {
    const drawn = drawSplit(many, 'val', 0.2, 1);
    expect(overlappingPatients(drawn).size).toBe(0);
    expect(sizes(drawn).val).toBeGreaterThanOrEqual(40);
    expect(sizes(drawn).val).toBeLessThanOrEqual(42);
    expect(drawSplit(many, 'val', 0.2, 1)).toEqual(drawn);
    expect(drawSplit(many, 'val', 0.2, 2)).not.toEqual(drawn);
  });
});

describe('limitTraining(dataset, options)', () => {
  it('keeps whole patients up to the count, and all of the other splits', () => {
    const drawn = drawSplit(many, 'val', 0.2, 1);
    const limited = limitTraining(drawn, { count: 30, seed: 1 });
    expect(sizes(limited)).toEqual({ train: sizes(limited).train, val: sizes(drawn).val });
    expect(sizes(limited).train).toBeGreaterThanOrEqual(30);
    expect(sizes(limited).train).toBeLessThanOrEqual(32);
    limited.samples.forEach(({ id }, i) => expect(limited.annotations.values[i]).toBe(Number(id)));
  });
  it('adds patients when more are asked for, and never swaps them', () => {
    const ids = (count: number) => new Set(limitTraining(many, { count, seed: 3 }).samples.map(({ id }) => id));
    const more = ids(60);
    ids(20).forEach((id) => expect(more.has(id)).toBe(true));
    expect(limitTraining(many, { fraction: 0.5, seed: 3 }).samples.length).toBeGreaterThanOrEqual(100);
    expect(limitTraining(many, { seed: 3 })).toBe(many);
  });
});

describe('overlappingPatients(dataset)', () => {
  it('names the patients of more than one split', () => {
    const mixed = dataset(['a', 'a', 'b']);
    mixed.samples[1].split = 'test';
    expect([...overlappingPatients(mixed)]).toEqual([['a', ['train', 'test']]]);
  });
});
