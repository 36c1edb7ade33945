import { join } from 'node:path';
import { renderPhantom, type PhantomImage, type PhantomPlan } from '@cxr-align/phantoms';
import { writeFileAtomic } from '@cxr-align/files';
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
  const image = await encodePng(pixels, { width: size, height: size });
  // The folder is flushed once, before the tables are written.
  writeFileAtomic(join(folder, plan.path), image, { isLasting: false });
  return boxes;
}
