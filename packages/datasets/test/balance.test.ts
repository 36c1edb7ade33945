import { balanceGroups, readDataset, type Dataset } from '../src/index.js';
import { folderWith } from './temporary.js';

/** Women: 40 of 50 with the label; men: 10 of 100; 5 of unknown sex, 5 of unknown label. */
async function skewed(): Promise<Dataset> {
  const row = (i: number, sex: string, cell: string): string => `${sex}${cell}${i}.png,p${sex}${i},${sex},${cell}`;
  const rows = [
    ...Array.from({ length: 50 }, (_, i) => row(i, 'F', i < 40 ? '1' : '0')),
    ...Array.from({ length: 100 }, (_, i) => row(i, 'M', i < 10 ? '1' : '0')),
    ...Array.from({ length: 5 }, (_, i) => row(i, '', '1')),
    ...Array.from({ length: 5 }, (_, i) => row(i, 'M', '-1')),
  ];
  return readDataset(folderWith({ 'labels.csv': ['image,patientId,sex,Edema', ...rows].join('\n') }));
}

const groupOf = ({ sex }: { sex?: string }): string | undefined => sex;

describe('balanceGroups(dataset, options)', () => {
  it('makes a label as frequent in one group as in the other, and keeps what it can', async () => {
    const { dataset, groups, prevalence } = balanceGroups(await skewed(), { label: 'Edema', groupOf, seed: 1 });
    expect(prevalence).toBeCloseTo(1 / 3, 12);
    expect(groups).toEqual([
      { group: 'F', before: { positives: 40, negatives: 10 }, after: { positives: 5, negatives: 10 } },
      { group: 'M', before: { positives: 10, negatives: 90 }, after: { positives: 10, negatives: 20 } },
    ]);
    expect(dataset.samples).toHaveLength(45);
    const men = dataset.samples.flatMap(({ sex }, i) => (sex === 'M' ? [dataset.annotations.values[i]] : []));
    expect(men.filter((cell) => cell === 1)).toHaveLength(10);
  });
  it('takes another prevalence, and groups of one size', async () => {
    const balanced = balanceGroups(await skewed(), {
      label: 'Edema',
      groupOf,
      prevalence: 0.5,
      sameSize: true,
      seed: 1,
    });
    expect(balanced.groups.map(({ after }) => after)).toEqual([
      { positives: 10, negatives: 10 },
      { positives: 10, negatives: 10 },
    ]);
  });
  it('draws by the seed', async () => {
    const set = await skewed();
    const ids = (seed: number): string =>
      balanceGroups(set, { label: 'Edema', groupOf, seed })
        .dataset.samples.map(({ id }) => id)
        .join();
    expect(ids(1)).toBe(ids(1));
    expect(ids(1)).not.toBe(ids(2));
  });
  it('says which group has but one kind, and what label it lacks', async () => {
    const set = await skewed();
    const byCell = ({ id }: { id: string }): string => (id.startsWith('F1') ? 'ill women' : 'others');
    expect(() => balanceGroups(set, { label: 'Edema', groupOf: byCell, seed: 1 })).toThrow('0 without in ill women');
    expect(() => balanceGroups(set, { label: 'Oedema', groupOf, seed: 1 })).toThrow('expected a label of Edema');
    expect(() => balanceGroups(set, { label: 'Edema', groupOf, prevalence: 1, seed: 1 })).toThrow('between 0 and 1');
  });
});
