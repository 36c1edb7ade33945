import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { renderPhantom, type PhantomPlan } from '@cxr-align/datasets';
import { encodePng } from '@cxr-align/image-backbone/images';

/** What a painter needs to know once. */
export interface PainterSettings {
  folder: string;
  seed: number;
  size: number;
}

const { folder, seed, size } = workerData as PainterSettings;

parentPort!.on('message', async (plan: PhantomPlan) => {
  const { pixels, boxes } = renderPhantom(plan, { seed, size });
  const file = join(folder, plan.path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, await encodePng(pixels, { width: size, height: size }));
  parentPort!.postMessage(boxes);
});
