import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  bindingFile,
  bindingRevisions,
  stderrBufferFile,
  setUpFolder,
  napiVersion,
  readManifest,
  type NativeKind,
  type NativeManifest,
} from '../start/set-up-folder.js';
import { fetchLibrary } from './fetch-library.js';
import { fetchPackage, linkTfjs } from './fetch-package.js';
import { runProgram } from './run-program.js';
import { SetUpError } from './set-up-error.js';
import { findToolchain, type Toolchain } from './toolchain.js';

/** How TensorFlow is set up. */
export interface SetUpOptions {
  /** `native` for the CPU, `gpu` for CUDA. */
  kind: NativeKind;
  /** Folder, wheel, C archive or jar with libtensorflow; the Python index unless given. */
  from?: string;
  /** TensorFlow's include folder, where `from` has none. */
  headers?: string;
  /** Version requested from the Python index. Default 2.21.0. */
  version?: string;
  log?: (line: string) => void;
}

/** What was set up, and whether it was set up by this call. */
export interface SetUpResult extends NativeManifest {
  folder: string;
  isNew: boolean;
  /** Largest difference to the cpu engine in the self-test, relative to the largest value; null where it was set up already. */
  difference: number | null;
}

const defaultVersion = '2.21.0';
const bindingVersion = '4.22.0';
const protobufVersion = '3.21.4';

/**
 * Builds TensorFlow.js's Node binding against a TensorFlow library, in a folder outside node_modules where `startEngine` finds it: the
 * binding without its install script (which would download from elsewhere), the two libraries and the headers of a Python wheel. The
 * folder gets its name once it is complete and a product and a training step agree with the cpu engine.
 *
 * @throws {SetUpError} naming what is missing, and how to get it.
 */
export async function setUpNative(options: SetUpOptions): Promise<SetUpResult> {
  const { kind, from, version = defaultVersion, log = () => {} } = options;
  const folder = setUpFolder(kind);
  const present = readManifest(folder);
  const isWanted =
    from === undefined
      ? options.version === undefined || present?.tensorflow === version
      : present?.source === basename(from);
  if (present?.revision === bindingRevisions[kind] && isWanted)
    return { ...present, folder, isNew: false, difference: null };
  for (const [option, path] of Object.entries({ from, headers: options.headers }))
    if (path !== undefined && !existsSync(path))
      throw new SetUpError(
        `engine/setUpNative: expected ${option} to be a file or a folder, got ${path} (no such file); check the path`,
      );
  if (process.platform !== 'linux')
    throw new SetUpError(
      `engine/setUpNative: expected Linux, got ${process.platform}; npm install @tensorflow/tfjs-node beside the command instead`,
    );
  const tools = findToolchain();
  const partial = `${folder}.partial-${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  try {
    const place = join(partial, 'binding');
    log(`fetching @tensorflow/tfjs-node${kind === 'gpu' ? '-gpu' : ''} ${bindingVersion} …`);
    await fetchBinding(place, kind);
    const library = await fetchLibrary(join(place, 'deps'), { ...options, version, python: tools.python, log });
    log('building the binding …');
    await build(place, tools);
    const manifest: NativeManifest = {
      kind,
      binding: bindingVersion,
      revision: bindingRevisions[kind],
      tensorflow: 'unknown',
      ...library,
    };
    writeManifest(partial, manifest);
    log('self-test …');
    const { difference, tensorflow } = await selfTest(partial);
    writeManifest(partial, { ...manifest, tensorflow });
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
    return { ...manifest, tensorflow, folder, isNew: true, difference };
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** Fetches the JavaScript and the C++ of the binding, and the one package that they need beside TensorFlow.js itself. */
async function fetchBinding(place: string, kind: NativeKind): Promise<void> {
  await fetchPackage(`@tensorflow/tfjs-node${kind === 'gpu' ? '-gpu' : ''}`, bindingVersion, place);
  await fetchPackage('google-protobuf', protobufVersion, join(place, 'node_modules', 'google-protobuf'));
  linkTfjs(place);
  patchForNode23(join(place, 'dist'));
  addSources(place);
}

/** Node 23 removed `isNullOrUndefined` and `isArray` from `util`, which the binding's JavaScript still calls. */
function patchForNode23(dist: string): void {
  for (const file of ['nodejs_kernel_backend.js', join('kernels', 'TopK.js')]) {
    const path = join(dist, file);
    const text = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      text
        .replaceAll('(0, util_1.isNullOrUndefined)', '((value) => value === null || value === undefined)')
        .replaceAll('(0, util_1.isArray)', 'Array.isArray'),
    );
  }
}

/** The folder of our own C++: beside `dist` in the package, beside `src` in the repository. */
const sources = ['../native', '../../native']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((folder) => existsSync(folder));

/** The one source that is an addon of its own. */
const stderrBuffer = 'stderr_buffer';

/** Adds our own C++ to the binding, and the calls of it. @throws {SetUpError} if the sources of the binding are not as expected. */
function addSources(place: string): void {
  if (sources === undefined)
    throw new SetUpError(
      `engine/setUpNative: expected the folder native beside dist, got none; try to install the package again`,
    );
  const names = readdirSync(sources);
  names.forEach((name) => cpSync(join(sources, name), join(place, 'binding', name)));
  const ofBinding = names
    .filter((name) => name.endsWith('.cc') && name !== `${stderrBuffer}.cc`)
    .map((name) => `'binding/${name}',`);
  const backend = "'binding/tfjs_backend.cc',";
  patch(join(place, 'binding.gyp'), {
    "'targets' : [{": `'targets' : [{ 'target_name': '${stderrBuffer}', 'sources': ['binding/${stderrBuffer}.cc'] }, {`,
    [backend]: [backend, ...ofBinding].join('\n      '),
  });
  const include = '#include "tfjs_backend.h"\n';
  const made = '  TFE_DeleteContextOptions(tfe_options);\n';
  patch(join(place, 'binding', 'tfjs_backend.cc'), {
    [include]: `${include}namespace cxr { extern TFE_Context *context; }\n`,
    [made]: `${made}  cxr::context = tfe_context_;\n`,
  });
  const filled = '  return exports;\n}\n\nNAPI_MODULE';
  patch(join(place, 'binding', 'tfjs_binding.cc'), {
    [include]: `${include}namespace cxr { void AddFunctions(napi_env env, napi_value exports); }\n`,
    [filled]: `  cxr::AddFunctions(env, exports);\n${filled}`,
  });
}

/** Replaces parts of a file's text. @throws {SetUpError} if one is not there. */
function patch(file: string, parts: Record<string, string>): void {
  let text = readFileSync(file, 'utf8');
  for (const [part, by] of Object.entries(parts)) {
    if (!text.includes(part))
      throw new SetUpError(
        `engine/setUpNative: expected ${JSON.stringify(part)} in ${file}, got none; try the binding ${bindingVersion}`,
      );
    text = text.replace(part, () => by);
  }
  writeFileSync(file, text);
}

async function build(place: string, { nodeGyp, headers }: Toolchain): Promise<void> {
  const file = bindingFile(dirname(place));
  await runProgram(
    process.execPath,
    [
      nodeGyp,
      'rebuild',
      `--nodedir=${headers}`,
      '--module_name=tfjs_binding',
      `--module_path=${dirname(file)}`,
      `--napi_build_version=${napiVersion}`,
    ],
    {
      cwd: place,
      env: { CXXFLAGS: `${process.env.CXXFLAGS ?? ''} -std=c++17 -O3 -fno-math-errno -fno-trapping-math` },
    },
  );
  cpSync(join(place, 'build', 'Release', `${stderrBuffer}.node`), stderrBufferFile(dirname(place)));
  rmSync(join(place, 'build'), { recursive: true, force: true });
}

function writeManifest(folder: string, manifest: NativeManifest): void {
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Runs the check in a process of its own: a library that this CPU cannot run ends that one alone. */
async function selfTest(folder: string): Promise<{ difference: number; tensorflow: string }> {
  const here = fileURLToPath(import.meta.url);
  const script = `import(${JSON.stringify(resolve(here))}).then(async ({ checkNative }) => console.log(JSON.stringify(await checkNative(${JSON.stringify(folder)}))))`;
  // The last messages of a library that ends its process would be lost in the buffer.
  const printed = await runProgram(process.execPath, ['-e', script], { env: { TF_CPP_MIN_LOG_LEVEL: '0' } });
  return JSON.parse(printed.trim().split('\n').slice(-1)[0]) as { difference: number; tensorflow: string };
}
