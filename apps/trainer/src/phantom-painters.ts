import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { PhantomImage, PhantomPlan } from '@cxr-align/datasets';

/** What a painter needs to know once. */
export interface PainterSettings {
  folder: string;
  seed: number;
  size: number;
}

/** Threads that draw phantoms and write their files. */
export interface Painters {
  count: number;
  draw: (plan: PhantomPlan) => Promise<PhantomImage['boxes']>;
  stop: () => Promise<void>;
}

/** Starts a painter on each processor. What a phantom looks like does not depend on who draws it. */
export function startPainters(settings: PainterSettings): Painters {
  const count = availableParallelism();
  const start = (): Worker => new Worker(new URL('./phantom-worker.js', import.meta.url), { workerData: settings });
  const all = Array.from({ length: count }, start);
  const idle = [...all];
  return {
    count,
    draw: async (plan) => {
      // At most `count` plans are drawn at a time, so one of them is idle.
      const worker = idle.pop()!;
      worker.postMessage(plan);
      const [boxes] = (await once(worker, 'message')) as [PhantomImage['boxes']];
      idle.push(worker);
      return boxes;
    },
    stop: async () => void (await Promise.all(all.map((worker) => worker.terminate()))),
  };
}
