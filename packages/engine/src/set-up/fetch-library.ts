import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { NativeKind, NativeManifest } from '../start/set-up-folder.js';
import { runProgram } from './run-program.js';
import { SetUpError } from './set-up-error.js';
import { runs } from './toolchain.js';

/** Where TensorFlow comes from. */
export interface LibrarySource {
  kind: NativeKind;
  /** A libtensorflow folder, wheel, C archive or jar; the Python index unless given. */
  from?: string;
  /** TensorFlow's include folder, where `from` has none. */
  headers?: string;
  /** Version to download from the Python index. */
  version: string;
  python: string;
  log: (line: string) => void;
}

/** The library that was fetched. */
export interface FetchedLibrary {
  source: string;
  cuda: NativeManifest['cuda'];
}

const members = ['libtensorflow_cc.so.2', 'libtensorflow.so.2', 'libtensorflow_framework.so.2'];
const headerFile = 'tensorflow/c/eager/c_api.h';

/** Copies the two libraries and the headers of TensorFlow, and nothing else of it, into `deps/lib` and `deps/include`. */
export async function fetchLibrary(deps: string, options: LibrarySource): Promise<FetchedLibrary> {
  const { from, headers, kind } = options;
  const place = mkdtempSync(join(tmpdir(), 'tensorflow-'));
  try {
    const archive = from === undefined ? await downloadWheel(place, options) : resolve(from);
    const folder = statSync(archive).isDirectory() ? archive : await unpack(archive, join(place, 'unpacked'), options);
    keepLibraries(folder, deps, archive);
    keepHeaders(folder, deps, { headers, archive });
    if (kind === 'gpu' && from === undefined) await fetchCudaLibraries(folder, deps, place, options);
    const source = from === undefined ? `${basename(archive)} of the Python index` : basename(archive);
    return { source, cuda: cudaOf(deps) };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function downloadWheel(place: string, { kind, version, python, log }: LibrarySource): Promise<string> {
  const name = kind === 'gpu' ? 'tensorflow' : 'tensorflow-cpu';
  log(`downloading ${name} ${version} …`);
  await pip(python, place, [`${name}==${version}`]);
  return join(
    place,
    readdirSync(place).find((file) => file.endsWith('.whl'))!,
  );
}

/** The Python version of the wheel does not matter: one is requested that every release supports. */
async function pip(python: string, place: string, requirements: readonly string[]): Promise<void> {
  if (!runs(python, ['-m', 'pip', '--version']))
    throw new SetUpError(
      `engine/setUpNative: expected pip to fetch TensorFlow with, got none (Debian: apt-get install python3-pip); or give the option from, a wheel`,
    );
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const platforms = ['manylinux_2_27', 'manylinux_2_17', 'manylinux2014'].flatMap((tag) => [
    '--platform',
    `${tag}_${machine}`,
  ]);
  const fixed = ['--only-binary=:all:', '--python-version', '3.12', '--implementation', 'cp', ...platforms];
  await runProgram(python, [
    '-m',
    'pip',
    'download',
    '--quiet',
    '--no-deps',
    '--dest',
    place,
    ...fixed,
    ...requirements,
  ]);
}

/** Unpacks the libraries and headers of a wheel or jar (both are zip files) or of a tar archive. */
async function unpack(archive: string, into: string, { python }: Pick<LibrarySource, 'python'>): Promise<string> {
  mkdirSync(into, { recursive: true });
  if (/\.(whl|jar|zip)$/.test(archive)) await runProgram(python, ['-c', unzip, archive, into]);
  else if (/\.(tar|tar\.gz|tgz|tar\.xz)$/.test(archive)) await runProgram('tar', ['-xf', archive, '-C', into]);
  else
    throw new SetUpError(
      `engine/setUpNative: expected a folder, a .whl, a .jar, a .zip or a .tar.gz with TensorFlow, got ${archive}; try a wheel`,
    );
  return into;
}

const unzip = `
import os, re, sys, zipfile
wanted = re.compile(r'(^|/)(libtensorflow(_cc|_framework)?\\.so\\.2$|nvidia/.*\\.so(\\.\\d+)*$|nvidia/cuda_nvcc/(bin/(ptxas|nvlink)|nvvm/libdevice/.*\\.bc)$|include/(tensorflow|tsl|xla)/.*\\.h$|include/.*cuda_config\\.h$|METADATA$)')
with zipfile.ZipFile(sys.argv[1]) as archive:
    names = [name for name in archive.namelist() if wanted.search(name)]
    archive.extractall(sys.argv[2], names)
    # zipfile makes no file executable; XLA runs these.
    for name in names:
        if '/bin/' in name:
            os.chmod(os.path.join(sys.argv[2], name), 0o755)
`;

function keepLibraries(folder: string, deps: string, archive: string): void {
  const found = new Map(
    members.flatMap((name) => {
      const file = find(folder, (path) => basename(path) === name);
      return file ? [[name, file] as const] : [];
    }),
  );
  const library = members.slice(0, 2).find((name) => found.has(name));
  if (!library || !found.has(members[2]))
    throw new SetUpError(
      `engine/setUpNative: expected ${members[0]} (or ${members[1]}) and ${members[2]} for Linux, got ${[...found.keys()].join(', ') || 'neither'} in ${archive}; try a wheel of tensorflow-cpu`,
    );
  const lib = join(deps, 'lib');
  mkdirSync(lib, { recursive: true });
  for (const name of [library, members[2]]) cpSync(found.get(name)!, join(lib, name), { dereference: true });
  symlinkSync(library, join(lib, 'libtensorflow.so'));
  symlinkSync(members[2], join(lib, 'libtensorflow_framework.so'));
}

function keepHeaders(folder: string, deps: string, { headers, archive }: { headers?: string; archive: string }): void {
  const header = find(headers ?? folder, (path) => path.endsWith(`/${headerFile}`));
  if (!header)
    throw new SetUpError(
      `engine/setUpNative: expected TensorFlow's headers (include/${headerFile}), got none in ${headers ?? archive}; give the option headers, the include folder of a wheel or of the C archive of any TensorFlow 2`,
    );
  const include = header.slice(0, -headerFile.length);
  for (const part of ['tensorflow/c', 'tensorflow/core/platform', 'tsl/platform', 'xla/tsl/c', 'third_party/gpus/cuda'])
    if (existsSync(join(include, part)))
      cpSync(join(include, part), join(deps, 'include', part), { recursive: true, dereference: true });
}

/**
 * Fetches the libraries of NVIDIA that the wheel requires into the folders where its libraries search, `../nvidia/NAME/lib`, and what XLA
 * compiles for a device with: libdevice and ptxas.
 */
async function fetchCudaLibraries(
  folder: string,
  deps: string,
  place: string,
  options: Pick<LibrarySource, 'python' | 'log'>,
): Promise<void> {
  const metadata = find(folder, (path) => basename(path) === 'METADATA')!;
  const wanted = [...readFileSync(metadata, 'utf8').matchAll(/^Requires-Dist: (nvidia-[^;]+?)\s*;.*and-cuda/gm)].map(
    ([, one]) => one,
  );
  for (const one of wanted) {
    options.log(`downloading ${one} …`);
    const wheels = mkdtempSync(join(place, 'nvidia-'));
    await pip(options.python, wheels, [one]);
    for (const wheel of readdirSync(wheels)) {
      const unpacked = await unpack(join(wheels, wheel), join(wheels, 'unpacked'), options);
      if (existsSync(join(unpacked, 'nvidia')))
        cpSync(join(unpacked, 'nvidia'), join(deps, 'nvidia'), { recursive: true });
    }
    rmSync(wheels, { recursive: true, force: true });
  }
}

/** The CUDA versions that a library was built for, by its headers; null for one without CUDA. */
function cudaOf(deps: string): NativeManifest['cuda'] {
  const file = join(deps, 'include', 'third_party', 'gpus', 'cuda', 'cuda_config.h');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const value = (name: string): string => new RegExp(`#define ${name} "([^"]*)"`).exec(text)?.[1] ?? '';
  // 60, 89 stand for 6.0 and 8.9.
  const capabilities = /#define TF_CUDA_COMPUTE_CAPABILITIES (.*)/.exec(text)?.[1] ?? '';
  const cuda = value('TF_CUDA_VERSION');
  if (cuda === '') return null;
  return {
    cuda,
    cudnn: value('TF_CUDNN_VERSION'),
    computeCapabilities: [...capabilities.matchAll(/(\d+)(\d)/g)]
      .map(([, major, minor]) => `${major}.${minor}`)
      .join(', '),
  };
}

function find(folder: string, matches: (path: string) => boolean): string | undefined {
  return findAll(folder, matches)[0];
}

function findAll(folder: string, matches: (path: string) => boolean): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    return !entry.isDirectory() && matches(path) ? [path] : [];
  });
}
