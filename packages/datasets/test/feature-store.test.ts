import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RandomStream } from '@cxr-align/random';
import { FeatureStore, FeatureStoreWriter } from '../src/index.js';
import { folderWith } from './temporary.js';

const source = { encoder: 'made-up', weightsHash: 'abc', preprocessing: { size: 8 } };

const named = (...ids: string[]) => ids.map((id) => ({ id, content: `content of ${id}` }));

describe('FeatureStoreWriter', () => {
  it('goes on where an earlier writer stopped, and the store reads back', () => {
    const folder = folderWith({});
    new FeatureStoreWriter(folder, source, { dim: 2 }).append(named('a', 'b'), Float32Array.of(1, 2, 3, 4));
    const second = new FeatureStoreWriter(folder, source, { dim: 2 });
    expect([...second.done]).toEqual(['a', 'b']);
    second.finish([{ id: 'broken', reason: 'cut short' }]);
    second.append(named('c'), Float32Array.of(0.5, -6));
    const store = new FeatureStore(folder);
    expect(store.places.get('c')).toBe(2);
    expect([...store.read([0, 1, 2])]).toEqual([1, 2, 3, 4, 0.5, -6]);
    expect([...store.read([2, 0])]).toEqual([0.5, -6, 1, 2]);
    expect(store.index.dtype).toBe('float16');
    expect(store.index.contents[2]).toBe('content of c');
    expect(store.index.unreadable).toEqual([{ id: 'broken', reason: 'cut short' }]);
    store.close();
  });
  it.each([
    ['another encoder', { ...source, weightsHash: 'x' }, { dim: 2 }],
    ['another width', source, { dim: 3 }],
    ['a map', source, { dim: 2, grid: 2 }],
    ['other views', { ...source, augmentation: { flip: 1 } }, { dim: 2, views: 2 }],
    ['another number type', source, { dim: 2, dtype: 'float32' as const }],
  ])('refuses to go on with features of %s', (_, other, layout) => {
    const folder = folderWith({});
    const writer = new FeatureStoreWriter(folder, source, { dim: 2 });
    expect(() => writer.append(named('a'), Float32Array.of(1))).toThrow('expected 2 numbers for 1 images, got 1');
    writer.append(named('a'), Float32Array.of(1, 2));
    expect(() => new FeatureStoreWriter(folder, other, layout)).toThrow('use another folder');
  });
});

describe('FeatureStore', () => {
  it.each(['float16', 'float32'] as const)(
    'reads any rows of maps and views in %s, over more shards than stay open',
    (dtype) => {
      const folder = folderWith({});
      const layout = { dim: 2, grid: 2, views: 3, dtype };
      const writer = new FeatureStoreWriter(folder, source, layout);
      const all: number[] = [];
      for (let shard = 0; shard < 70; shard++) {
        const values = Array.from({ length: 2 * 3 * 8 }, (_, i) => shard + i / 8);
        writer.append(named(`${shard}/0`, `${shard}/1`), Float32Array.from(values));
        all.push(...values);
      }
      const store = new FeatureStore(folder, { openShards: 64 });
      expect([store.rows, store.width]).toEqual([420, 8]);
      const rows = [...new RandomStream({ seed: 1, purpose: 'rows' }).permutation(420), 5, 6, 7, 8];
      const read = store.read(rows);
      rows.forEach((row, i) => expect([...read.subarray(8 * i, 8 * i + 8)]).toEqual(all.slice(8 * row, 8 * row + 8)));
      expect(store.places.get('69/1')).toBe(139);
      expect(() => store.read([420])).toThrow('expected rows from 0 to 419, got 420');
      store.close();
    },
  );
  it('refuses a damaged, cut or missing shard, an index that leaves its folder, and a folder that is no store', async () => {
    const folder = folderWith({});
    new FeatureStoreWriter(folder, source, { dim: 1, dtype: 'float32' }).append(named('a'), Float32Array.of(1));
    const shard = join(
      folder,
      readdirSync(folder).find((name) => name.endsWith('.safetensors'))!,
    );
    await new FeatureStore(folder).verify();
    const bytes = readFileSync(shard);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(shard, bytes);
    await expect(new FeatureStore(folder).verify()).rejects.toThrow('extract the features again');
    writeFileSync(shard, bytes.subarray(0, bytes.length - 1));
    expect(() => new FeatureStore(folder).read([0])).toThrow('the file is cut or damaged');
    truncateSync(shard, 3);
    expect(() => new FeatureStore(folder)).toThrow('expected a shard of 4 bytes and its header, got 3');
    const index = join(folder, 'index.json');
    writeFileSync(index, readFileSync(index, 'utf8').replace('features-00000', '../features-00000'));
    expect(() => new FeatureStore(folder)).toThrow('expected a path inside the data folder');
    writeFileSync(index, '{"dim": 2}');
    expect(() => new FeatureStore(folder)).toThrow('got an index without');
    expect(() => new FeatureStore(folderWith({}))).toThrow('make one with cxr-align extract');
  });
});
