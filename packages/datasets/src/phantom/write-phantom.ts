import { writeFileAtomic } from '@cxr-align/files';
import { chexpertLabels, planPhantoms, type PhantomPlan } from './population.js';
import { renderPhantom, type PhantomImage } from './render.js';

/** How a phantom data set is written. */
export interface WritePhantomOptions {
  images: number;
  seed: number;
  /** Pixels along a side. Default 224. */
  size?: number;
  /** Stores one image: encodes the grey values as PNG and writes them to the path, relative to the folder. */
  store: (path: string, image: PhantomImage) => Promise<void>;
  /** Called after each image. */
  onImage?: (done: number) => void;
}

/**
 * Writes a synthetic data set in CheXpert's format: `train.csv`, `valid.csv`, `test.csv`, the images, and `boxes.csv`
 * with where each finding was drawn. The tables are written last, so a folder with tables is complete.
 */
export async function writePhantom(
  folder: string,
  { images, seed, size, store, onImage }: WritePhantomOptions,
): Promise<void> {
  const plans = planPhantoms(images, seed);
  const boxes = ['image,label,x,y,w,h'];
  const pending = new Set<Promise<void>>();
  for (const [done, plan] of plans.entries()) {
    const image = renderPhantom(plan, { seed, size });
    for (const { label, box } of image.boxes)
      boxes.push([plan.path, label, box.x, box.y, box.width, box.height].join(','));
    const writing = store(plan.path, image).finally(() => pending.delete(writing));
    pending.add(writing);
    if (pending.size >= 4) await Promise.race(pending);
    onImage?.(done + 1);
  }
  await Promise.all(pending);
  writeFileAtomic(`${folder}/boxes.csv`, `${boxes.join('\n')}\n`);
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
