import { parentPort, workerData } from 'node:worker_threads';
import { FeatureStore } from '@cxr-align/datasets';

const store = new FeatureStore(workerData as string);

parentPort!.on('message', (rows: number[]) => {
  const values = store.read(rows);
  parentPort!.postMessage(values, [values.buffer as ArrayBuffer]);
});
