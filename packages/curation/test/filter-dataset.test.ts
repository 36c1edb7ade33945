import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDataset, type Dataset } from '@cxr-align/datasets';
import { type FilterOptions, filterDataset } from '../src/filter-dataset.js';

async function people(): Promise<Dataset> {
  const folder = mkdtempSync(join(tmpdir(), 'filter-'));
  const rows = [
    'image,patientId,sex,age,split,Edema,Mass',
    '1.png,p,F,30,train,1,0',
    '2.png,p,F,31,train,1,',
    '3.png,q,M,70,train,0,1',
    '4.png,r,,,val,1,0',
  ];
  writeFileSync(join(folder, 'labels.csv'), rows.join('\n'));
  return readDataset(folder);
}

describe('filterDataset(options)', () => {
  const kept = async (filter: Partial<FilterOptions>): Promise<string> =>
    filterDataset({ dataset: await people(), ...filter })
      .samples.map(({ id }) => id[0])
      .join('');
  it('keeps images that meet all conditions', async () => {
    expect(await kept({ split: 'val' })).toBe('4');
    expect(await kept({ has: ['Edema'] })).toBe('124');
    expect(await kept({ has: ['Edema'], lacks: ['Mass'] })).toBe('14');
    expect(await kept({ sex: 'F' })).toBe('12');
    expect(await kept({ age: '31-' })).toBe('23');
    expect(await kept({ age: '-30' })).toBe('1');
    expect(await kept({ age: '31-70', has: ['Edema'] })).toBe('2');
  });
  it('draws whole patients, no more images than asked for', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const one = await kept({ count: 2, seed });
      expect(one.includes('1')).toBe(one.includes('2'));
      expect(one.length).toBe(2);
    }
  });
  it.each<[Partial<FilterOptions>, string]>([
    [{ has: ['Zebra'] }, 'expected a label of Edema, Mass, got Zebra'],
    [{ split: 'test' }, 'expected a split of train, val, got test'],
    [{ age: 'old' }, 'expected ages such as 18-65'],
    [{ age: '-' }, 'expected ages such as 18-65'],
    [{ age: '9-3' }, 'expected ages such as 18-65'],
    [{ sex: 'M', has: ['Edema'] }, 'expected images that meet all conditions, got none'],
  ])('refuses %j', async (filter, message) => {
    await expect(kept(filter)).rejects.toThrow(message);
  });
});
