import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startEngine } from '../src/index.js';
import { fetchLibrary } from '../src/set-up/fetch-library.js';
import { bindingRevisions, readManifest, removeSetUp, setUpFolder, setUpNative } from '../src/set-up.js';
import { findToolchain } from '../src/set-up/toolchain.js';

const place = mkdtempSync(join(tmpdir(), 'set-up-'));
const before = { ...process.env };
beforeEach(() => {
  process.env.CXR_ALIGN_CACHE = mkdtempSync(join(place, 'cache-'));
});
afterEach(() => {
  process.env = { ...before };
});

/** A folder with files, each with its own name in it. */
function folderOf(...files: string[]): string {
  const folder = mkdtempSync(join(place, 'folder-'));
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), file);
  }
  return folder;
}
const take = (from: string, headers?: string) => {
  const deps = join(mkdtempSync(join(place, 'deps-')), 'deps');
  return fetchLibrary(deps, { kind: 'native', from, headers, version: '', python: 'python3', log: () => {} }).then(
    (taken) => ({
      ...taken,
      deps,
    }),
  );
};
const cHeaders = ['include/tensorflow/c/c_api.h', 'include/tensorflow/c/eager/c_api.h'];

describe('fetchLibrary', () => {
  it('keeps the two libraries and the headers of a folder, and nothing else', async () => {
    const from = folderOf(
      'lib/libtensorflow.so.2',
      'lib/libtensorflow_framework.so.2',
      'python/huge.py',
      'include/Eigen/Core.h',
      ...cHeaders,
    );
    const { deps, source, cuda } = await take(from);
    expect(readdirSync(join(deps, 'lib')).sort()).toEqual([
      'libtensorflow.so',
      'libtensorflow.so.2',
      'libtensorflow_framework.so',
      'libtensorflow_framework.so.2',
    ]);
    expect(readFileSync(join(deps, 'lib', 'libtensorflow.so'), 'utf8')).toBe('lib/libtensorflow.so.2');
    expect(existsSync(join(deps, 'include/tensorflow/c/eager/c_api.h'))).toBe(true);
    expect(existsSync(join(deps, 'include/Eigen'))).toBe(false);
    expect([source, cuda]).toEqual([from.split('/').at(-1), null]);
  });
  it('reads what CUDA a library was built for', async () => {
    const from = folderOf('libtensorflow_cc.so.2', 'libtensorflow_framework.so.2', ...cHeaders);
    const config = join(from, 'include/third_party/gpus/cuda/cuda_config.h');
    mkdirSync(dirname(config), { recursive: true });
    writeFileSync(
      config,
      '#define TF_CUDA_VERSION "12.5.1"\n#define TF_CUDNN_VERSION "9"\n#define TF_CUDA_COMPUTE_CAPABILITIES 60, 89, 120\n',
    );
    expect((await take(from)).cuda).toEqual({ cuda: '12.5.1', cudnn: '9', computeCapabilities: '6.0, 8.9, 12.0' });
  });
  it('says what is missing', async () => {
    await expect(take(folderOf('libtensorflow.so.2'))).rejects.toThrow(
      'expected libtensorflow_cc.so.2 (or libtensorflow.so.2) and libtensorflow_framework.so.2 for Linux, got libtensorflow.so.2',
    );
    const bare = folderOf('libtensorflow_cc.so.2', 'libtensorflow_framework.so.2');
    await expect(take(bare)).rejects.toThrow(
      "expected TensorFlow's headers (include/tensorflow/c/eager/c_api.h), got none",
    );
    const { deps } = await take(bare, folderOf(...cHeaders));
    expect(existsSync(join(deps, 'include/tensorflow/c/c_api.h'))).toBe(true);
    await expect(take(join(folderOf('readme.txt'), 'readme.txt'))).rejects.toThrow('expected a folder, a .whl, a .jar');
  });
});

describe('findToolchain()', () => {
  it('names all that is missing, with the command that brings it', () => {
    process.env.PATH = '/nowhere';
    delete process.env.npm_config_node_gyp;
    for (const text of ['no make (Debian: apt-get install make', 'no a C++ compiler', 'no python3, 3.8 or newer'])
      expect(findToolchain).toThrow(text);
  });
});

describe('setUpNative', () => {
  it('does nothing where it is done, and removeSetUp takes it back', async () => {
    const manifest = {
      kind: 'native' as const,
      binding: '4.22.0',
      revision: bindingRevisions.native,
      tensorflow: '2.21.0',
      source: 'a wheel',
      cuda: null,
    };
    mkdirSync(setUpFolder('native'), { recursive: true });
    writeFileSync(join(setUpFolder('native'), 'manifest.json'), JSON.stringify(manifest));
    expect(await setUpNative({ kind: 'native' })).toMatchObject({
      isNew: false,
      tensorflow: '2.21.0',
      difference: null,
    });
    expect(await setUpNative({ kind: 'native', from: '/media/a wheel' })).toMatchObject({ isNew: false });
    await expect(setUpNative({ kind: 'native', from: '/media/another' })).rejects.toThrow('(no such file)');
    expect(readManifest(setUpFolder('native'))).toEqual(manifest);
    // A binding that was built before our last change is built again, from what it was built from.
    writeFileSync(
      join(setUpFolder('native'), 'manifest.json'),
      JSON.stringify({ ...manifest, revision: bindingRevisions.native - 1 }),
    );
    await expect(setUpNative({ kind: 'native', from: '/media/a wheel' })).rejects.toThrow('(no such file)');
    expect(removeSetUp('native')).toBe(true);
    expect(readManifest(setUpFolder('native'))).toBeUndefined();
    expect(removeSetUp('native')).toBe(false);
  });
  it('refuses what is not there, and leaves nothing behind', async () => {
    await expect(setUpNative({ kind: 'native', from: join(place, 'nowhere.whl') })).rejects.toThrow(
      'expected from to be a file or a folder',
    );
    await expect(setUpNative({ kind: 'native', headers: join(place, 'nowhere') })).rejects.toThrow('(no such file)');
    expect(readdirSync(process.env.CXR_ALIGN_CACHE!)).toEqual([]);
  });
});

describe("startEngine('native')", () => {
  it('says where it looked, and what to do', async () => {
    await expect(startEngine('native')).rejects.toThrow(/native: not set up; .*npm run setup:native/);
  });
  it('says why a broken one does not load', async () => {
    mkdirSync(setUpFolder('native'), { recursive: true });
    writeFileSync(join(setUpFolder('native'), 'manifest.json'), '{}');
    await expect(startEngine('native')).rejects.toThrow('tfjs_binding.node: cannot open shared object file');
  });
});
