import { removeNative, setUpNative, type NativeKind } from '@cxr-align/engine';
import { commonFlags, printResult, progress, type Command } from './command.js';

const flags = {
  ...commonFlags,
  from: { type: 'string', describe: 'libtensorflow to take: a folder, wheel, C archive or jar; else the Python index' },
  headers: { type: 'string', describe: "TensorFlow's include folder, where --from has none" },
  tensorflow: { type: 'string', describe: 'Version that is asked of the Python index' },
  remove: { type: 'boolean', default: false, describe: 'Take back what was set up' },
} as const;

interface Flags {
  json: boolean;
  kind: NativeKind;
  from?: string;
  headers?: string;
  tensorflow?: string;
  remove: boolean;
}

/** `cxr-align setup`: TensorFlow itself, built against the library of a Python wheel. */
export const setup: Command<unknown> = {
  command: 'setup <kind>',
  describe: 'Set up TensorFlow itself for the engines native and cuda, outside node_modules',
  builder: (yargs) =>
    yargs
      .positional('kind', { choices: ['native', 'gpu'] as const, describe: 'For the processor, or for CUDA' })
      .options(flags)
      .example('$0 setup native', 'TensorFlow for the processor, from the Python index')
      .example('$0 setup gpu --from tensorflow.whl', 'TensorFlow for CUDA, on a machine without a network'),
  handler: async (given) => {
    const { json, kind, from, headers, tensorflow, remove } = given as unknown as Flags;
    if (remove) {
      const removed = removeNative(kind);
      printResult(json, { kind, removed }, () =>
        removed ? `removed ${kind}` : `${kind} was not set up: nothing to do`,
      );
      return;
    }
    const result = await setUpNative({ kind, from, headers, version: tensorflow, log: (line) => progress.say(line) });
    printResult(json, result, () =>
      [
        result.isNew
          ? `TensorFlow ${result.tensorflow} (${result.source}) is set up; it agrees with the cpu engine to ${result.difference!.toExponential(1)}`
          : `TensorFlow ${result.tensorflow} (${result.source}) is set up already: nothing to do`,
        ...(result.cuda
          ? [
              `built for CUDA ${result.cuda.cuda}, cuDNN ${result.cuda.cudnn}, compute capabilities ${result.cuda.computeCapabilities}`,
            ]
          : []),
        `in ${result.folder}`,
      ].join('\n'),
    );
  },
};
