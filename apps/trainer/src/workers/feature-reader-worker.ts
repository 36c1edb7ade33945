import { FeatureStore } from '@cxr-align/datasets';
import { move } from 'piscina';

/** Rows that are read of a store. */
export interface ReadTask {
  folder: string;
  rows: number[];
}

let store: FeatureStore | undefined;

export default function read({ folder, rows }: ReadTask): Float32Array {
  if (store?.folder !== folder) store = new FeatureStore(folder);
  // Given away instead of copied.
  return move(store.read(rows)) as unknown as Float32Array;
}
