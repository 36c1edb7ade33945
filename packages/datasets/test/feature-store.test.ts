import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sealJson, sha256, writeSafetensors } from '@cxr-align/files';
import { RandomStream } from '@cxr-align/random';
import { flipBits } from '@cxr-align/testkit';
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
    const changed = Uint8Array.from(bytes);
    changed[bytes.length - 8] ^= 1;
    writeFileSync(shard, changed);
    await expect(new FeatureStore(folder).verify()).rejects.toThrow('makes this shard anew');
    expect(() => new FeatureStore(folder).read([0])).toThrow('expected the checksum of row 0');
    writeFileSync(shard, bytes.subarray(0, bytes.length - 1));
    expect(() => new FeatureStore(folder).read([0])).toThrow('the file is cut or damaged');
    const withoutHeader = Uint8Array.from(bytes);
    withoutHeader.fill(33, 8, 16);
    writeFileSync(shard, withoutHeader);
    expect(() => new FeatureStore(folder).read([0])).toThrow('expected a whole shard of features, got a damaged one (');
    truncateSync(shard, 3);
    expect(() => new FeatureStore(folder)).toThrow('expected a shard of 4 bytes and its header, got 3');
    const index = join(folder, 'index.json');
    const { sha256: _, ...content } = JSON.parse(readFileSync(index, 'utf8'));
    content.shards[0].file = '../features-00000.safetensors';
    writeFileSync(index, sealJson(content));
    expect(() => new FeatureStore(folder)).toThrow('expected a path inside the data folder');
    writeFileSync(index, sealJson({ ...content, formatVersion: 3 }));
    expect(() => new FeatureStore(folder)).toThrow('expected a feature store of format 2, got 3');
    writeFileSync(index, '{"dim": 2}');
    expect(() => new FeatureStore(folder)).toThrow('got an index without');
    expect(() => new FeatureStore(folderWith({}))).toThrow('make one with cxr-align extract');
  });
  it('refuses any changed bit of its index and its shards by name, whichever rows are read', async () => {
    const folder = folderWith({});
    const writer = new FeatureStoreWriter(folder, source, { dim: 3, views: 2 });
    writer.append(
      named('a', 'b'),
      Float32Array.from({ length: 12 }, (_, i) => i),
    );
    writer.append(
      named('c'),
      Float32Array.from({ length: 6 }, (_, i) => -i),
    );
    const files = readdirSync(folder).map((name) => join(folder, name));
    const read = () => {
      const store = new FeatureStore(folder);
      try {
        return store.read([5, 0, 1, 2, 3, 4]);
      } finally {
        store.close();
      }
    };
    expect(await flipBits(files, { flips: 240, seed: 2, read })).toEqual([]);
    expect([...read().subarray(0, 6)]).toEqual([-3, -4, -5, 0, 1, 2]);
  });
  it('keeps no features that are not finite, or too large for its numbers, and reads none of an older store', () => {
    const folder = folderWith({});
    const writer = new FeatureStoreWriter(folder, source, { dim: 2 });
    const message =
      'expected features of at most 65504, the largest float16, got 70000 of b; extract into another folder';
    expect(() => writer.append(named('a', 'b'), Float32Array.of(1, -65504, 70000, 2))).toThrow(message);
    expect(() => writer.append(named('a', 'b'), Float32Array.of(1, 2, 3, NaN))).toThrow('got NaN of b');
    expect(readdirSync(folder)).toEqual([]);
    const wide = new FeatureStoreWriter(folder, source, { dim: 2, dtype: 'float32' });
    wide.append(named('a', 'b'), Float32Array.of(1, 2, 70000, 3e38));
    expect(() => wide.append(named('c'), Float32Array.of(-Infinity, 1))).toThrow('got -Infinity of c');
    const store = new FeatureStore(folder);
    expect(store.read([1])[0]).toBe(70000);
    store.close();
    // A store of the first format, made before this was refused.
    const index = join(folder, 'index.json');
    const { sha256: _, formatVersion: _version, ...content } = JSON.parse(readFileSync(index, 'utf8'));
    const old = writeSafetensors(new Map([['features', { shape: [2, 2], data: Float32Array.of(1, 2, 3, Infinity) }]]));
    writeFileSync(join(folder, content.shards[0].file), old);
    content.shards[0] = { file: content.shards[0].file, images: 2, hash: sha256(old) };
    writeFileSync(index, JSON.stringify(content));
    const bad = new FeatureStore(folder);
    expect([...bad.read([0])]).toEqual([1, 2]);
    expect(() => bad.read([0, 1])).toThrow('expected finite features, got Infinity of b');
    bad.close();
  });
  it('reads a store of the first format, whose shards are checked whole when they are opened', () => {
    const folder = folderWith({});
    new FeatureStoreWriter(folder, source, { dim: 1 }).append(named('a', 'b'), Float32Array.of(1, 2));
    const index = join(folder, 'index.json');
    const { sha256: _, formatVersion: _version, ...content } = JSON.parse(readFileSync(index, 'utf8'));
    const shard = join(folder, content.shards[0].file);
    const old = writeSafetensors(new Map([['features', { shape: [2, 1], data: Float32Array.of(1, 2) }]]), {
      halves: new Set(['features']),
    });
    writeFileSync(shard, old);
    content.shards[0] = { file: content.shards[0].file, images: 2, hash: sha256(old) };
    writeFileSync(index, JSON.stringify(content));
    const store = new FeatureStore(folder);
    expect(store.isSealed).toBe(false);
    expect([...store.read([1, 0])]).toEqual([2, 1]);
    expect(store.identityOf(0)).toBe(`content of a:${sha256(old)}`);
    store.close();
    new FeatureStoreWriter(folder, source, { dim: 1 }).append(named('c'), Float32Array.of(3));
    const both = new FeatureStore(folder);
    expect(both.isSealed).toBe(true);
    expect([...both.read([2, 1])]).toEqual([3, 2]);
    both.close();
    old[old.length - 1] ^= 1;
    writeFileSync(shard, old);
    expect(() => new FeatureStore(folder).read([0])).toThrow('expected the bytes that the index has the hash of');
  });
  it('knows its damaged shards, and gets them anew', async () => {
    const folder = folderWith({});
    const writer = new FeatureStoreWriter(folder, source, { dim: 1 });
    for (const id of ['a', 'b', 'c']) writer.append(named(id), Float32Array.of(id.charCodeAt(0)));
    const [first, second, third] = [0, 1, 2].map((at) => join(folder, `features-0000${at}.safetensors`));
    const bytes = readFileSync(second);
    const { length } = bytes;
    rmSync(first);
    bytes[length - 5] ^= 4;
    writeFileSync(second, bytes);
    expect(readFileSync(third).length).toBe(length);
    const again = new FeatureStoreWriter(folder, source, { dim: 1 });
    expect((await again.damagedShards(false)).map(({ at }) => at)).toEqual([0]);
    const damaged = await again.damagedShards(true);
    expect(damaged).toEqual([
      { at: 0, file: first, images: named('a') },
      { at: 1, file: second, images: named('b') },
    ]);
    expect(again.replace(damaged[0], Float32Array.of('a'.charCodeAt(0)))).toBe(true);
    expect(again.replace(damaged[1], Float32Array.of(0))).toBe(false);
    expect(await again.damagedShards(true)).toEqual([]);
    const store = new FeatureStore(folder);
    expect([...store.read([0, 1, 2])]).toEqual([97, 0, 99]);
    store.close();
  });
});
