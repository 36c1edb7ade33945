import { availableParallelism, freemem, totalmem } from 'node:os';
import { tryEngines } from '@cxr-align/engine';
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
      ].join('\n'),
    );
  },
};

function round(bytes: number): number {
  return Number((bytes / 2 ** 30).toFixed(1));
}
