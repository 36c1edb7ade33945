import { type FeatureInput, openImageEncoder } from '@cxr-align/classifier';
import type { TunableEncoder, TuneMode } from '@cxr-align/image-backbone';
import type { Parameters } from '@cxr-align/nn';
import type { Config } from '../config/config-schema.js';
import type { Progress } from '../progress.js';
import { encoderFolder } from '../run-folder.js';

/** Names of the parameters of an encoder that is tuned begin with it. */
export const tunedPrefix = 'encoder/tuned/';

/** Puts what is trained of a frozen encoder among the parameters, and reports it. */
export function tuneEncoder(
  encoder: TunableEncoder,
  { config, parameters, progress }: { config: Config; parameters: Parameters; progress: Progress },
): TunableEncoder {
  const { tune, tuneLayers: layers, tuneRank: rank } = config.encoder;
  const chosen = encoder.tune(parameters, { mode: tune as TuneMode, rank, ...(layers > 0 && { layers }) });
  const numbers = parameters
    .all()
    .filter(({ name }) => name.startsWith(tunedPrefix))
    .reduce((sum, { variable }) => sum + variable.size, 0);
  const others = [...chosen.others].map(([name, count]) => `, ${count} ${name} of other numbers stay as they are`);
  progress.remark(
    `${encoder.frozen.name} is tuned (${tune}): ${numbers} numbers are trained, in the last ${chosen.tunedLayers} of ${chosen.layers} layers with weights${others.join('')}`,
  );
  return encoder;
}

/**
 * Writes `RUN/encoder`, with the weights that are in the parameters now.
 *
 * @returns the input of a model that takes the features of that encoder.
 */
export async function writeTunedEncoder(
  run: string,
  encoder: TunableEncoder,
  input: FeatureInput,
): Promise<FeatureInput> {
  const folder = encoderFolder(run);
  await encoder.write(folder);
  const written = await openImageEncoder(folder);
  const { name, weightsHash, preprocessing } = written;
  await written.dispose();
  // From the model's folder, wherever the run is.
  return { ...input, source: { encoder: name, weightsHash, preprocessing }, encoder: '../encoder' };
}
