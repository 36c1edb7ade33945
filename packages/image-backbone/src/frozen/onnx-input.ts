import { faultReason, InputError } from '@cxr-align/files';
import type { OnnxModel } from '@cxr-align/onnx';
import type { EncoderPreprocessing } from './frozen-encoder.js';
import type { ChosenOutputs, Outputs } from './onnx-outputs.js';

/** How the model takes its images. */
export interface InputLayout {
  name: string;
  channels: number;
  /** Channels after height and width, as Keras exports them, instead of before. */
  isChannelsLast: boolean;
  /** Images of a run, where the file fixes their number. */
  batch?: number;
}

/** How many channels images are taken to have; another number stands for pixels. */
const mostChannels = 4;

/** The most images of a run, and channels of an image: a file may claim any number, and memory is taken for them. */
const mostImages = 1024;
const mostPlanes = 16;

/** The model's one input, which takes images. */
export function inputLayout({ inputs, file }: OnnxModel): InputLayout {
  const described = inputs.map(({ name, type, shape }) => `${name} ${type} [${shape.map((one) => one ?? '?')}]`);
  if (inputs.length !== 1)
    throw new InputError(
      `expected one input of images, got ${inputs.length}: ${described.join(', ')}; export the image encoder alone`,
      { file },
    );
  const [{ name, type, shape }] = inputs;
  if (type !== 'float32' || shape.length !== 4)
    throw new InputError(
      `expected an input float32 [batch, channels, height, width] or [batch, height, width, channels], got ${described[0]}; export it with such an input`,
      { file },
    );
  const isChannels = (extent: number | undefined): boolean => extent !== undefined && extent <= mostChannels;
  const isChannelsLast = isChannels(shape[3]) && !isChannels(shape[1]);
  const [batch] = shape;
  const channels = shape[isChannelsLast ? 3 : 1] ?? 3;
  if ((batch ?? 1) > mostImages || channels > mostPlanes)
    throw new InputError(
      `expected at most ${mostImages} images of ${mostPlanes} channels in a run, got ${described[0]}; export the model with an open batch`,
      { file },
    );
  return { name, channels, isChannelsLast, batch };
}

/** @throws {InputError} if the model's input has another fixed size than the preprocessing. */
export function refuseOtherSize(
  { inputs, file }: OnnxModel,
  { isChannelsLast }: InputLayout,
  { size }: EncoderPreprocessing,
): void {
  const sides = inputs[0].shape.slice(isChannelsLast ? 1 : 2, isChannelsLast ? 3 : 4);
  if (sides.some((side) => side !== undefined && side !== size))
    throw new InputError(
      `expected images of ${sides.map((side) => side ?? size).join(' × ')} as the model's input is fixed to, got ${size} × ${size} from the preprocessing file; correct its size, or export the model with open sizes`,
      { file },
    );
}

/**
 * Outputs of black images, for shapes are often left open in the file; and the number of images of a run, where it is fixed.
 *
 * @param choose the outputs that are used, which must have a row for each image.
 */
export async function probeModel(
  model: OnnxModel,
  { name, channels, isChannelsLast, batch }: InputLayout,
  { size }: EncoderPreprocessing,
  choose: (outputs: Outputs) => ChosenOutputs,
): Promise<{ probe: Outputs; chosen: ChosenOutputs; batch?: number }> {
  const run = (images: number): Promise<Outputs> => {
    const shape = isChannelsLast ? [images, size, size, channels] : [images, channels, size, size];
    return model.run({ [name]: { values: new Float32Array(images * channels * size * size), shape } });
  };
  let probe: Outputs;
  try {
    probe = await run(batch ?? 1);
  } catch (error) {
    throw new InputError(
      `expected a model that takes images of ${size} × ${size} with ${channels} channels, got ${faultReason(error)}; correct the size in the preprocessing file, or export it again`,
      { file: model.file },
    );
  }
  const chosen = choose(probe);
  if (batch !== undefined) return { probe, chosen, batch };
  // Some files leave the batch open and fix it inside.
  const two = await run(2).catch(() => undefined);
  const hasRows = two && Object.values(chosen).every((one) => one === undefined || two[one].dims[0] === 2);
  return hasRows ? { probe, chosen } : { probe, chosen, batch: 1 };
}
