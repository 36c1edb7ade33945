import { dirname } from 'node:path';
import { syncFolder, writeFileAtomic } from '@cxr-align/files';
import { chexpertLabels, planPhantoms, type PhantomPlan } from './population.js';
import type { PhantomImage } from './render.js';

/** How a phantom data set is written. */
export interface WritePhantomOptions {
  images: number;
  seed: number;
  /** Draws the image of a plan with {@link renderPhantom}, stores it under the plan's path, and returns where its findings are. */
  draw: (plan: PhantomPlan) => Promise<PhantomImage['boxes']>;
  /** How many images are drawn at a time. Default 1. */
  concurrency?: number;
  /** Called after each image. */
  onImage?: (done: number) => void;
}

/**
 * Writes a synthetic data set in CheXpert's format: `train.csv`, `valid.csv`, `test.csv`, the images, and `boxes.csv`
 * with where each finding was drawn. The tables are written last, so a folder with tables is complete.
 */
export async function writePhantom(
  folder: string,
  { images, seed, draw, concurrency = 1, onImage }: WritePhantomOptions,
): Promise<void> {
  const plans = planPhantoms(images, seed);
  const boxes: string[][] = [];
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < plans.length) {
      const at = next++;
      const found = await draw(plans[at]);
      boxes[at] = found.map(({ label, box }) => [plans[at].path, label, box.x, box.y, box.width, box.height].join(','));
      onImage?.(++done);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  for (const images of new Set(plans.map(({ path }) => dirname(`${folder}/${path}`)))) syncFolder(images);
  writeFileAtomic(`${folder}/boxes.csv`, `${['image,label,x,y,w,h', ...boxes.flat()].join('\n')}\n`);
  for (const split of ['test', 'valid', 'train'] as const) {
    const rows = plans.filter((plan) => plan.split === split).map(tableRow);
    writeFileAtomic(`${folder}/${split}.csv`, `${[header, ...rows].join('\n')}\n`);
  }
}

const header = ['Path', 'Sex', 'Age', 'Frontal/Lateral', 'AP/PA', ...chexpertLabels].join(',');

function tableRow({ path, female, age, anteroposterior, cells }: PhantomPlan): string {
  const values = cells.map((cell) => (Number.isNaN(cell) ? '' : cell.toFixed(1)));
  return [path, female ? 'Female' : 'Male', age, 'Frontal', anteroposterior ? 'AP' : 'PA', ...values].join(',');
}
