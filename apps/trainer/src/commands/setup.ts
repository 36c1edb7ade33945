import { removeSetUp, setUpNative, setUpWebgpu, tryEngines, type NativeKind, type SetUpKind } from '@cxr-align/engine';
import { InputError } from '@cxr-align/files';
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
  kind: SetUpKind;
  from?: string;
  headers?: string;
  tensorflow?: string;
  remove: boolean;
}

/** `cxr-align setup`: TensorFlow itself, built against the library of a Python wheel; or Dawn and the WebGPU backend. */
export const setup: Command<unknown> = {
  command: 'setup <kind>',
  describe: 'Set up the engines native, cuda and webgpu, outside node_modules',
  builder: (yargs) =>
    yargs
      .positional('kind', {
        choices: ['native', 'gpu', 'webgpu'] as const,
        describe: 'TensorFlow for the processor or for CUDA, or WebGPU',
      })
      .options(flags)
      .example('$0 setup native', 'TensorFlow for the processor, from the Python index')
      .example('$0 setup gpu --from tensorflow.whl', 'TensorFlow for CUDA, on a machine without a network'),
  handler: async (given) => {
    const { json, kind, from, headers, tensorflow, remove } = given as unknown as Flags;
    if (remove) {
      const removed = removeSetUp(kind);
      printResult(json, { kind, removed }, () =>
        removed ? `removed ${kind}` : `${kind} was not set up: nothing to do`,
      );
      return;
    }
    if (kind === 'webgpu') {
      if (from ?? headers ?? tensorflow)
        throw new InputError('expected no --from, --headers or --tensorflow for webgpu; it has no TensorFlow');
      await setUpDawn(json);
    } else await setUpTensorFlow(kind, { json, from, headers, tensorflow });
  },
};

async function setUpTensorFlow(
  kind: NativeKind,
  { json, from, headers, tensorflow }: Pick<Flags, 'json' | 'from' | 'headers' | 'tensorflow'>,
): Promise<void> {
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
}

async function setUpDawn(json: boolean): Promise<void> {
  const result = await setUpWebgpu({ log: (line) => progress.say(line) });
  const { engine, error } = (await tryEngines({ only: ['webgpu'] }))[0];
  printResult(
    json,
    { ...result, starts: engine !== undefined, description: engine?.description ?? error!.reason },
    () =>
      [
        `webgpu ${result.dawn} with backend ${result.backend} is set up${result.isNew ? '' : ' already: nothing to do'}`,
        engine ? `it starts: ${engine.description}` : `it does not start here: ${error!.reason}; ${error!.mend}`,
        `in ${result.folder}`,
      ].join('\n'),
  );
}
