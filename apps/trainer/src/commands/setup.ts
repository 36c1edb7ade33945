import { tryEngines } from '@cxr-align/engine';
import { removeSetUp, setUpNative, setUpWebgpu, type NativeKind, type SetUpKind } from '@cxr-align/engine/set-up';
import { InputError } from '@cxr-align/files';
import { type Command, commonFlags, printResult, progress } from './command-line.js';

const flags = {
  ...commonFlags,
  from: {
    type: 'string',
    describe: 'Source of libtensorflow: a folder, wheel, C archive or jar; the Python package index unless given',
  },
  headers: { type: 'string', describe: "TensorFlow's include folder, if --from has none" },
  tensorflow: { type: 'string', describe: 'Version of TensorFlow from the Python package index' },
  remove: { type: 'boolean', default: false, describe: 'Remove what was set up' },
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
export const setup: Command = {
  builder: (yargs) =>
    yargs
      .positional('kind', {
        choices: ['native', 'gpu', 'webgpu'] as const,
        describe: 'native: TensorFlow on the CPU; gpu: TensorFlow on CUDA; webgpu: WebGPU on Dawn',
      })
      .options(flags)
      .example('$0 setup native', 'TensorFlow on the CPU, from the Python package index')
      .example('$0 setup gpu --from tensorflow.whl', 'TensorFlow on CUDA, without a network'),
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
  const result = await setUpNative({ kind, from, headers, version: tensorflow, log: (line) => progress.remark(line) });
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
  const result = await setUpWebgpu({ log: (line) => progress.remark(line) });
  const { engine, error } = (await tryEngines({ only: ['webgpu'] }))[0];
  printResult(
    json,
    { ...result, starts: engine !== undefined, description: engine?.description ?? error!.reason },
    () =>
      [
        `webgpu ${result.dawn} with backend ${result.backend} is set up${result.isNew ? '' : ' already: nothing to do'}`,
        engine ? `it starts: ${engine.description}` : `it does not start here: ${error!.reason}; ${error!.hint}`,
        `in ${result.folder}`,
      ].join('\n'),
  );
}
