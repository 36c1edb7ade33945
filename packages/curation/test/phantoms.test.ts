import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { overlappingPatients, readDataset, selectSplit } from '@cxr-align/datasets';
import { chexpertLabels, planPhantoms, renderPhantom, writePhantom } from '@cxr-align/phantoms';

const plans = planPhantoms(1500, 3);

describe('planPhantoms(images, seed)', () => {
  it('closes findings under the hierarchy, and No Finding means none', () => {
    for (const { present } of plans) {
      if (present.has('Pneumonia')) expect(present.has('Consolidation') && present.has('Lung Opacity')).toBe(true);
      if (present.has('Cardiomegaly')) expect(present.has('Enlarged Cardiomediastinum')).toBe(true);
      if (present.has('No Finding'))
        expect([...present].every((label) => ['No Finding', 'Support Devices'].includes(label))).toBe(true);
    }
  });
  it('has a long tail: the rarest label is at least eight times rarer than the most frequent one, and none is missing', () => {
    const counts = chexpertLabels.map((label) => plans.filter(({ present }) => present.has(label)).length);
    expect(Math.min(...counts)).toBeGreaterThan(20);
    expect(Math.max(...counts) / Math.min(...counts)).toBeGreaterThan(8);
  });
  it('has findings that go together: effusions with edema', () => {
    const share = (rows: typeof plans) =>
      rows.filter(({ present }) => present.has('Pleural Effusion')).length / rows.length;
    expect(share(plans.filter(({ present }) => present.has('Edema')))).toBeGreaterThan(1.7 * share(plans));
  });
  it('leaves blanks and uncertain cells in the training table only', () => {
    const cells = (split: string) => plans.filter((plan) => plan.split === split).flatMap((plan) => plan.cells);
    expect(cells('train').some(Number.isNaN)).toBe(true);
    expect(cells('train')).toContain(-1);
    expect(cells('test').every((cell) => cell === 0 || cell === 1)).toBe(true);
  });
});

describe('renderPhantom(plan, options)', () => {
  it('gives the same pixels for the same seed and others for another', () => {
    const [plan] = plans;
    const { pixels } = renderPhantom(plan, { seed: 1 });
    const isSame = (seed: number) => Buffer.from(renderPhantom(plan, { seed }).pixels).equals(Buffer.from(pixels));
    expect(isSame(1)).toBe(true);
    expect(isSame(2)).toBe(false);
  });
  it('says inside the film where each drawn finding is', () => {
    for (const plan of plans.slice(0, 60)) {
      const { boxes, size } = renderPhantom(plan, { seed: 3, size: 96 });
      for (const label of plan.drawn) expect(boxes.map((box) => box.label)).toContain(label);
      for (const { box } of boxes) {
        expect(Math.min(box.x, box.y)).toBeGreaterThanOrEqual(0);
        expect(Math.max(box.x + box.width, box.y + box.height)).toBeLessThanOrEqual(size + 1);
        expect(Math.min(box.width, box.height)).toBeGreaterThan(0);
      }
    }
  });
  it('looks like a chest: spine and belly are brighter than the lungs', () => {
    const healthy = plans.filter(({ drawn }) => drawn.size === 0).slice(0, 10);
    for (const plan of healthy) {
      const { pixels, size } = renderPhantom(plan, { seed: 3 });
      const mean = (u: number, v: number): number => {
        const values = Array.from(
          { length: 81 },
          (_, i) => pixels[(Math.round(v * size) + Math.floor(i / 9) - 4) * size + Math.round(u * size) + (i % 9) - 4],
        );
        return values.reduce((sum, value) => sum + value, 0) / values.length;
      };
      expect(mean(0.5, 0.6)).toBeGreaterThan(mean(0.3, 0.35) + 20);
      expect(mean(0.35, 0.92)).toBeGreaterThan(mean(0.3, 0.35) + 20);
    }
  });
});

describe('writePhantom(folder, options)', () => {
  it('writes a data set that the CheXpert reader knows, patients in one split each', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'phantoms-'));
    await writePhantom(folder, {
      images: 40,
      seed: 5,
      concurrency: 3,
      draw: async (plan) => {
        const { pixels, boxes } = renderPhantom(plan, { seed: 5, size: 32 });
        mkdirSync(dirname(join(folder, plan.path)), { recursive: true });
        writeFileSync(join(folder, plan.path), pixels);
        return boxes;
      },
    });
    const dataset = await readDataset(folder);
    expect(dataset.format).toBe('chexpert');
    expect(dataset.annotations.labels).toEqual(chexpertLabels);
    expect(dataset.samples).toHaveLength(40);
    expect(overlappingPatients(dataset).size).toBe(0);
    expect(selectSplit(dataset, 'train').samples.length).toBeGreaterThan(15);
    for (const { image } of dataset.samples) expect(readFileSync(image as string)).toHaveLength(32 * 32);
    expect(readFileSync(join(folder, 'boxes.csv'), 'utf8')).toMatch(/^image,label,x,y,w,h\nimages\/patient/);
  });
});
