import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FeatureStoreWriter, openFeatureStore } from '../src/index.js';
import { folderWith } from './temporary.js';

const source = { encoder: 'made-up', weightsHash: 'abc', preprocessing: { size: 8 } };

describe('FeatureStoreWriter', () => {
  it('goes on where an earlier writer stopped, and the store reads back', () => {
    const folder = folderWith({});
    new FeatureStoreWriter(folder, source, { dim: 2 }).append(['a', 'b'], Float32Array.of(1, 2, 3, 4));
    const second = new FeatureStoreWriter(folder, source, { dim: 2 });
    expect([...second.done]).toEqual(['a', 'b']);
    second.append(['c'], Float32Array.of(0.5, -6));
    const store = openFeatureStore(folder);
    expect(store.rows.get('c')).toBe(2);
    expect([...store.read()]).toEqual([1, 2, 3, 4, 0.5, -6]);
    expect(store.index.dtype).toBe('float16');
  });
  it('refuses to mix encoders, and features of another size', () => {
    const folder = folderWith({});
    const writer = new FeatureStoreWriter(folder, source, { dim: 2 });
    expect(() => writer.append(['a'], Float32Array.of(1))).toThrow('expected 2 numbers for 1 rows, got 1');
    writer.append(['a'], Float32Array.of(1, 2));
    expect(() => new FeatureStoreWriter(folder, { ...source, weightsHash: 'x' }, { dim: 2 })).toThrow(
      'use another folder',
    );
  });
});

describe('openFeatureStore(folder)', () => {
  it('refuses a damaged shard, and a folder that is no store', () => {
    const folder = folderWith({});
    new FeatureStoreWriter(folder, source, { dim: 1, dtype: 'float32' }).append(['a'], Float32Array.of(1));
    const shard = join(
      folder,
      readdirSync(folder).find((name) => name.endsWith('.safetensors'))!,
    );
    const bytes = readFileSync(shard);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(shard, bytes);
    expect(() => openFeatureStore(folder).read()).toThrow('extract the features again');
    expect(() => openFeatureStore(folderWith({}))).toThrow('expected a feature store with an index.json');
  });
});
