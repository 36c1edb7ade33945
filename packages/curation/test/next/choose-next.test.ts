import { chooseNext } from '../../src/next/choose-next.js';
import { nextCsv } from '../../src/next/next-csv.js';
import { labelWorths } from '../../src/next/label-worth.js';
import { featureData } from '../feature-data.js';

/** Images from a row on have no labels. */
async function archive(from: number) {
  const data = await featureData(80);
  const { values, labels } = data.dataset.annotations;
  values.fill(NaN, from * labels.length);
  return data;
}

describe('chooseNext(options)', () => {
  it('takes one image of each cluster and patient where nothing is labelled, the same ones again', async () => {
    const { dataset, store } = await archive(0);
    const options = { data: { dataset }, features: store, count: 10 };
    const found = await chooseNext(options);
    expect(found).toMatchObject({ method: 'representatives', source: null, labelled: 0, candidates: 80 });
    expect(found.images).toHaveLength(10);
    expect(new Set(found.images.map(({ patient }) => patient)).size).toBe(10);
    expect(await chooseNext(options)).toEqual(found);
    expect(nextCsv(found).split('\n')[0]).toBe('image,patientId,split,A,A/B,D');
  });

  it('takes unlabelled images that a model of the labelled ones is unsure of', async () => {
    const { dataset, store } = await archive(40);
    const found = await chooseNext({ data: { dataset }, features: store, count: 30 });
    expect(found).toMatchObject({ method: 'uncertain', labelled: 40, candidates: 40 });
    expect(found.images.every(({ image }) => parseInt(image) >= 40)).toBe(true);
    // 20 patients are left, and one image of each.
    expect(found.images).toHaveLength(20);
    expect(found.remarks.join()).toContain('20 of 30 images: there are no more without labels at 1 a patient');
  });

  it('refuses a set without anything to choose, and counts that are none', async () => {
    const { dataset, store } = await archive(80);
    await expect(chooseNext({ data: { dataset }, features: store, count: 3 })).rejects.toThrow(
      'expected images without labels to choose from, got labels for all 80 images that have features',
    );
    await expect(chooseNext({ data: { dataset }, features: store, count: 0 })).rejects.toThrow(
      'expected count as a whole number of 1 or more, got 0',
    );
  });
});

describe('labelWorths(probabilities, positives)', () => {
  it('is the mean entropy in bits where labels are equally rare, and 0 without any probability', () => {
    expect([...labelWorths([0.5, 0.5, 1, 0, NaN, NaN], [3, 3])]).toEqual([1, 0, 0]);
  });
  it('counts rare labels more', () => {
    const [rare, frequent] = labelWorths([0.5, 0, 0, 0.5], [0, 8]);
    expect(rare / frequent).toBeCloseTo(3, 12);
  });
});
