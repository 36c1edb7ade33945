import { FeatureStore } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { move } from 'piscina';
import type { ReadResult, ReadTask } from '../inputs/feature-inputs.js';

let store: FeatureStore | undefined;

export default function read({ folder, rows, shards, hash }: ReadTask): ReadResult {
  try {
    if (store?.folder !== folder) store = openStore({ folder, shards, hash });
    // Given away instead of copied.
    return move(store.read(rows)) as unknown as Float32Array;
  } catch (error) {
    // A thread's errors lose their kind on the way.
    if (error instanceof InputError) return { refused: error.message };
    throw error;
  }
}

function openStore({ folder, shards, hash }: Omit<ReadTask, 'rows'>): FeatureStore {
  const opened = new FeatureStore(folder);
  if (opened.hashOfShards(shards) === hash) return opened;
  opened.close();
  throw new InputError('expected the feature store that was opened, got another one in its place; start again', {
    file: folder,
  });
}
