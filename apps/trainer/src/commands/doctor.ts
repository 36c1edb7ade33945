import { availableParallelism, freemem, totalmem } from 'node:os';
import { tryEngines, type EngineDescription, tfjsVersion } from '@cxr-align/engine';
import {
  bindingRevisions,
  cudaMachine,
  readManifest,
  setUpFolder,
  type CudaMachine,
  type NativeManifest,
} from '@cxr-align/engine/set-up';
import { type Command, commonFlags, printResult } from './command-line.js';

/** `cxr-align doctor`: which engines this machine can run. */
export const doctor: Command = {
  builder: (yargs) => yargs.options(commonFlags),
  handler: async (given) => {
    const attempts = await tryEngines();
    const chosen = attempts.find(({ engine }) => engine)?.name ?? null;
    const report = {
      node: process.version,
      tfjs: tfjsVersion,
      processors: availableParallelism(),
      memoryGiB: { total: round(totalmem()), free: round(freemem()) },
      auto: chosen,
      tensorflow: (['gpu', 'native'] as const).flatMap((kind) => readManifest(setUpFolder(kind)) ?? []),
      cuda: cudaMachine(),
      engines: attempts.map(({ name, engine, error }) =>
        engine
          ? { starts: true as const, ...engine.describe() }
          : { name, starts: false as const, reason: error!.reason, hint: error!.hint },
      ),
    };
    printResult((given as unknown as { json: boolean }).json, report, () =>
      [
        `Node ${report.node}, TensorFlow.js ${report.tfjs}, ${report.processors} processors, ${report.memoryGiB.free} of ${report.memoryGiB.total} GiB memory free`,
        ...report.engines.map((one) =>
          one.starts
            ? `✓ ${one.name.padEnd(7)} ${one.description}; ${kernelsText(one)}`
            : `✗ ${one.name.padEnd(7)} ${one.reason}\n          → ${one.hint}`,
        ),
        `auto takes ${chosen ?? 'none: no engine starts'}`,
        '',
        ...report.tensorflow.map(wantedText),
        machineText(report.cuda),
      ].join('\n'),
    );
  },
};

/** Which kernels an engine uses, and why; whether training steps are captured. */
function kernelsText({ kernels, reason, stepCapture }: EngineDescription): string {
  return `${kernels} kernels (${reason})${stepCapture.available ? '; training steps are captured' : ''}`;
}

function wantedText({ kind, tensorflow, source, cuda, revision }: NativeManifest): string {
  const wants = cuda
    ? `wants CUDA ${cuda.cuda}, cuDNN ${cuda.cudnn} and a device of compute capability ${cuda.computeCapabilities} or newer of the same major version`
    : 'wants no CUDA';
  const isOld = revision !== bindingRevisions[kind];
  const hint = isOld
    ? `; built by another version, without the kernels of this one: cxr-align setup ${kind} builds it again`
    : '';
  return `set up for ${kind}: TensorFlow ${tensorflow} (${source}), which ${wants}${hint}`;
}

function machineText({ driver, devices, libraries }: CudaMachine): string {
  const driverText =
    driver === null
      ? 'no NVIDIA driver answers'
      : `NVIDIA driver ${driver}, ${devices.map(({ name, computeCapability }) => `${name} (${computeCapability})`).join(', ')}`;
  return `this machine: ${driverText}; CUDA libraries of the system: ${libraries.join(', ') || 'none'}`;
}

function round(bytes: number): number {
  return Number((bytes / 2 ** 30).toFixed(1));
}
