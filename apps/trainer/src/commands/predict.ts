import { InputError } from '@cxr-align/files';
import { coherentProbabilities } from '@cxr-align/label-graph';
import { predictionSet } from '@cxr-align/metrics';
import { loadModel } from '../evaluate-run.js';
import { calibratedProbabilities, toldProbabilities } from '../calibrated.js';
import { orNull } from '../maybe-number.js';
import { predictLogits } from '../predict-images.js';
import { openImageReader } from '../single-images.js';
import { commonFlags, engineFlags, startAsked, type Command } from './command.js';

const flags = {
  ...commonFlags,
  ...engineFlags,
  run: { type: 'string', demandOption: true, describe: 'Run folder of train' },
  encoder: {
    type: 'string',
    describe: 'Folder of the frozen encoder of the run; where it was in training unless given',
  },
} as const;

interface Flags {
  json: boolean;
  engine: Parameters<typeof startAsked>[0]['engine'];
  threads?: number;
  run: string;
  encoder?: string;
  images: string[];
}

/** `cxr-align predict`: a line of JSON for each image. */
export const predict: Command<unknown> = {
  command: 'predict <images..>',
  describe: 'Predict images: a line of JSON each',
  builder: (yargs) =>
    yargs.positional('images', { type: 'string', array: true, describe: 'PNG or JPEG files' }).options(flags),
  handler: async (given) => {
    const args = given as unknown as Flags;
    await startAsked(args);
    const { model, stored, dispose } = loadModel(args.run);
    const { graph, thresholds, config, calibrations } = stored;
    const reader = await openImageReader(stored, args.encoder);
    let failed = 0;
    for (const image of args.images) {
      try {
        const own = calibratedProbabilities(await predictLogits(model, await reader.read(image), [0]), calibrations);
        const decided = toldProbabilities(config, graph, own);
        const probabilities = coherentProbabilities(own, graph);
        const labels = Object.fromEntries(
          graph.labels.map((label, i) => {
            const probability = Number(probabilities[i].toFixed(6));
            const threshold = orNull(thresholds[i]);
            const { conformal } = calibrations[i];
            return [
              label,
              {
                probability,
                positive: probability >= (threshold ?? 0.5),
                ...(conformal && { set: answers(predictionSet(conformal, decided[i])) }),
              },
            ];
          }),
        );
        process.stdout.write(`${JSON.stringify({ image, labels })}\n`);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        failed++;
        process.stderr.write(`cxr-align: ${error.message}\n`);
      }
    }
    dispose();
    await reader.dispose();
    if (failed > 0) throw new InputError(`${failed} of ${args.images.length} images could not be read`);
  },
};

/** The answers that a conformal set holds. */
function answers({ present, absent }: { present: boolean; absent: boolean }): string[] {
  return [...(present ? ['present'] : []), ...(absent ? ['absent'] : [])];
}
