import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { renderPhantom, type PhantomImage, type PhantomPlan } from '@cxr-align/datasets';
import { encodePng } from '@cxr-align/image-backbone/images';

/** A phantom to be drawn. */
export interface PaintTask {
  plan: PhantomPlan;
  folder: string;
  seed: number;
  size: number;
}

export default async function paint({ plan, folder, seed, size }: PaintTask): Promise<PhantomImage['boxes']> {
  const { pixels, boxes } = renderPhantom(plan, { seed, size });
  const file = join(folder, plan.path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, await encodePng(pixels, { width: size, height: size }));
  return boxes;
}
