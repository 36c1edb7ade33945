import { availableParallelism, freemem, totalmem } from 'node:os';
import {
  cudaMachine,
  setUpFolder,
  bindingRevision,
  readManifest,
  tryEngines,
  type CudaMachine,
  type NativeManifest,
} from '@cxr-align/engine';
import * as tf from '@tensorflow/tfjs-core';
import { commonFlags, printResult, type Command } from './command.js';

/** `cxr-align doctor`: what this machine can run. */
export const doctor: Command<unknown> = {
  command: 'doctor',
  describe: 'Say which engines start here, and what to do about the others',
  builder: (yargs) => yargs.options(commonFlags),
  handler: async (given) => {
    const attempts = await tryEngines();
    const chosen = attempts.find(({ engine }) => engine)?.name ?? null;
    const report = {
      node: process.version,
      tfjs: tf.version_core,
      processors: availableParallelism(),
      memoryGiB: { total: round(totalmem()), free: round(freemem()) },
      auto: chosen,
      tensorflow: (['gpu', 'native'] as const).flatMap((kind) => readManifest(setUpFolder(kind)) ?? []),
      cuda: cudaMachine(),
      engines: attempts.map(({ name, engine, error }) =>
        engine
          ? { name, starts: true, description: engine.description }
          : { name, starts: false, reason: error!.reason, mend: error!.mend },
      ),
    };
    printResult((given as unknown as { json: boolean }).json, report, () =>
      [
        `Node ${report.node}, TensorFlow.js ${report.tfjs}, ${report.processors} processors, ${report.memoryGiB.free} of ${report.memoryGiB.total} GiB memory free`,
        ...report.engines.map((one) =>
          'description' in one
            ? `✓ ${one.name.padEnd(7)} ${one.description}`
            : `✗ ${one.name.padEnd(7)} ${one.reason}\n          → ${one.mend}`,
        ),
        `auto takes ${chosen ?? 'none: no engine starts'}`,
        '',
        ...report.tensorflow.map(wantedText),
        machineText(report.cuda),
      ].join('\n'),
    );
  },
};

function wantedText({ kind, tensorflow, source, cuda, revision }: NativeManifest): string {
  const wants = cuda
    ? `wants CUDA ${cuda.cuda}, cuDNN ${cuda.cudnn} and a device of compute capability ${cuda.computeCapabilities} or newer of the same major version`
    : 'wants no CUDA';
  const isOld = revision !== bindingRevision;
  const mend = isOld
    ? `; built by another version, without the kernels of this one: cxr-align setup ${kind} builds it again`
    : '';
  return `set up for ${kind}: TensorFlow ${tensorflow} (${source}), which ${wants}${mend}`;
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
