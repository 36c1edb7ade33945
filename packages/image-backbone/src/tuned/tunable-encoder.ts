import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { InputError, makeFolder, writeFileAtomic } from '@cxr-align/files';
import type { Parameters } from '@cxr-align/nn';
import { externalDataFiles, OnnxInterpreter, replaceWeights, type Held, type OnnxArray } from '@cxr-align/onnx';
import { constant, valueAndGradients } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { EncoderPreprocessing } from '../frozen/frozen-encoder.js';
import { OnnxImageEncoder } from '../frozen/onnx-encoder.js';
import { mapLayout } from '../frozen/onnx-outputs.js';
import { preprocessingFiles } from '../frozen/preprocessing-file.js';
import {
  tunableWeights,
  valueBefore,
  type ChosenWeights,
  type TunableWeight,
  type TuneOptions,
} from './tunable-weights.js';

/** Images that are encoded at once where no gradient is wanted: what lies between the image and its features is large. */
const together = 16;

/** A weight under training. */
interface TunedWeight extends TunableWeight {
  /** Its numbers; with a matrix, the two factors whose product is added to those of the file: [rows, rank] and [rank, columns]. */
  variables: tf.Variable[];
}

/**
 * A frozen encoder in ONNX whose graph runs on TensorFlow.js, so that some of its weights can be trained; it is written to ONNX
 * again with {@link write}.
 *
 * @example
 * const encoder = await TunableEncoder.open('encoders/efficientnet-lite0', { isMap: true });
 * encoder.tune(parameters, { mode: 'norms' });
 * const features = encoder.forward(images); // [batch, grid, grid, dim]
 */
export class TunableEncoder {
  /** Patches along a side of the features; 1 of a vector. */
  readonly grid: number;
  readonly dim: number;
  private readonly output: string;
  private weights: TunedWeight[] = [];
  /** The value from which on the graph depends on what is trained. */
  private before?: string;

  private constructor(
    /** The encoder as it is in its folder, run by ONNX Runtime. */
    readonly frozen: OnnxImageEncoder,
    private readonly graph: OnnxInterpreter,
    private readonly isMap: boolean,
  ) {
    const { outputs, map, dim } = frozen;
    ({ grid: this.grid, dim: this.dim } = isMap ? map! : { grid: 1, dim });
    this.output = (isMap ? outputs.map : (outputs.pooled ?? outputs.map))!;
  }

  /**
   * @param options.isMap whether its map is wanted instead of its vector.
   * @throws {InputError} if the folder holds no encoder in ONNX, or one with operations that cannot be differentiated here, which are
   *   named with their counts, or with a fixed batch.
   */
  static async open(folder: string, { isMap = false }: { isMap?: boolean } = {}): Promise<TunableEncoder> {
    const frozen = await OnnxImageEncoder.load(folder);
    try {
      const { file, input } = frozen;
      if (input.batch !== undefined)
        throw new InputError(
          `expected an encoder that takes any number of images to be tuned, got one of ${input.batch}; export it with an open batch`,
          { file },
        );
      return new TunableEncoder(frozen, await OnnxInterpreter.read(file), isMap && frozen.map !== undefined);
    } catch (error) {
      await frozen.dispose();
      throw error;
    }
  }

  get preprocessing(): EncoderPreprocessing {
    return this.frozen.preprocessing;
  }

  /**
   * Adds what is trained to the parameters of a model, named `encoder/tuned/…`, with the numbers of the file: the features are at
   * first those of the frozen encoder.
   *
   * @returns what is trained, and what there is.
   * @throws {InputError} if the encoder has no such weights, or the current engine cannot differentiate it.
   */
  tune(parameters: Parameters, options: TuneOptions): ChosenWeights {
    const { graph, output } = this;
    const { mode, rank = 4 } = options;
    const nodes = graph.nodesTo([output]);
    const chosen = tunableWeights(graph, nodes, options);
    if (chosen.weights.length === 0)
      throw new InputError(
        `expected an encoder with weights that ${mode} tunes, got ${chosen.layers} layers with weights of float32${countsText(chosen.others)} and none of those; choose another way of tuning, or export it in float32`,
        { file: this.frozen.file },
      );
    const scope = parameters.scope('encoder/tuned');
    this.weights = chosen.weights.map((weight) => {
      const { name, shape, matrix } = weight;
      if (matrix) {
        const [rows, columns] = matrix;
        const least = Math.min(rank, rows, columns);
        return {
          ...weight,
          variables: [
            scope.addParameter(`${name}/up`, [rows, least], { constant: 0 }),
            scope.addParameter(`${name}/down`, [least, columns], { normal: 1 / Math.sqrt(columns) }),
          ],
        };
      }
      const variable = scope.addParameter(name, shape, { constant: 0 });
      variable.assign(graph.constant(name)!);
      return { ...weight, variables: [variable] };
    });
    const { name: image } = this.frozen.input;
    const weights = new Set(chosen.weights.map(({ name }) => name));
    this.before = valueBefore(nodes, { image, outputs: [output], weights });
    this.refuseEngine();
    return chosen;
  }

  /** @throws {InputError} if the current engine cannot differentiate an operation of the encoder. */
  private refuseEngine(): void {
    const { size } = this.preprocessing;
    const variables = this.weights.flatMap((weight) => weight.variables);
    try {
      tf.tidy(() => {
        const black = tf.zeros<tf.Rank.R4>([1, size, size, 1]);
        valueAndGradients(() => ({ loss: tf.mean(this.forward(black)), aux: {} }), variables);
      });
    } catch (error) {
      throw new InputError(
        `expected an engine that differentiates the operations of this encoder, got ${tf.getBackend()}: ${(error as Error).message.split('\n')[0]}; use native or cuda`,
        { file: this.frozen.file },
      );
    }
  }

  /**
   * @param images float32 [batch, size, size, 1]: grey values in [0, 1].
   * @returns float32 [batch, grid, grid, dim], or [batch, 1, 1, dim] of a vector. The caller owns it.
   */
  forward(images: tf.Tensor4D): tf.Tensor4D {
    const [batch, ...shape] = images.shape;
    const isDifferentiated = tf.engine().state.gradientDepth > 0;
    if (isDifferentiated || batch <= together) return this.encode(images);
    return tf.tidy(() => {
      const starts = Array.from({ length: Math.ceil(batch / together) }, (_, i) => i * together);
      const parts = starts.map((at) => {
        const size = [Math.min(together, batch - at), ...shape] as [number, number, number, number];
        return tf.tidy(() => this.encode(tf.slice(images, [at, 0, 0, 0], size)));
      });
      return tf.concat(parts);
    });
  }

  private encode(images: tf.Tensor4D): tf.Tensor4D {
    const { graph, before, output } = this;
    const { input } = this.frozen;
    return tf.tidy(() => {
      const pixels = this.pixels(images);
      const image: Held = { tensor: pixels, isChannelsLast: !input.isChannelsLast };
      const given = new Map([[input.name, image]]);
      if (before !== undefined)
        given.set(
          before,
          this.heldConstant(() => graph.runHeld(given, [before])[0]),
        );
      for (const weight of this.weights)
        given.set(weight.name, { tensor: this.valueOf(weight), isChannelsLast: false });
      return this.featuresOf(graph.runHeld(given, [output])[0]);
    });
  }

  /** A value whose computation is not recorded for gradients. */
  private heldConstant(compute: () => Held): Held {
    let isChannelsLast = false;
    const tensor = constant(() => {
      const made = compute();
      ({ isChannelsLast } = made);
      return made.tensor;
    });
    return { tensor, isChannelsLast };
  }

  /** float32 [batch, size, size, channels], as the encoder wants its pixels. */
  private pixels(images: tf.Tensor4D): tf.Tensor4D {
    const { rescale, mean, std, channels } = this.preprocessing;
    const all = channels === 1 ? images : tf.tile(images, [1, 1, 1, channels]);
    const factor = tf.tensor1d(std.map((one) => (255 * rescale) / one));
    const offset = tf.tensor1d(mean.map((one, i) => one / std[i]));
    return tf.sub(tf.mul(all, factor), offset);
  }

  private valueOf({ name, shape, matrix, variables }: TunedWeight): tf.Tensor {
    if (!matrix) return variables[0];
    const [up, down] = variables as tf.Variable[] & tf.Tensor2D[];
    return tf.add(this.graph.constant(name)!, tf.reshape(tf.matMul(up, down), shape));
  }

  /** An output as [batch, grid, grid, dim]. */
  private featuresOf({ tensor, isChannelsLast }: Held): tf.Tensor4D {
    const { dim } = this;
    const { file, input } = this.frozen;
    const [batch] = tensor.shape;
    if (tensor.rank === 2) return tf.reshape(tensor, [batch, 1, 1, dim]);
    if (tensor.rank === 3) return this.pooled(this.patches(tensor as tf.Tensor3D, file));
    // A map of an encoder that takes channels last is plain, and has them last.
    const isLast = input.isChannelsLast ? !isChannelsLast : isChannelsLast;
    const order = input.isChannelsLast ? [0, 3, 1, 2] : [0, 2, 3, 1];
    return this.pooled((isLast ? tensor : tf.transpose(tensor, order)) as tf.Tensor4D);
  }

  /** The map, or the mean over its patches where a vector is wanted. */
  private pooled(map: tf.Tensor4D): tf.Tensor4D {
    return this.isMap ? map : tf.mean(map, [1, 2], true);
  }

  /** The tokens of the patches, which come after others. */
  private patches(tokens: tf.Tensor3D, file: string): tf.Tensor4D {
    const { grid, dim, extra } = mapLayout(tokens.shape, false, file);
    const [batch] = tokens.shape;
    return tf.reshape(tf.slice(tokens, [0, extra, 0], [batch, grid * grid, dim]), [batch, grid, grid, dim]);
  }

  /**
   * Writes the encoder with its trained weights: its ONNX file with other numbers, low-rank updates added to what they update, and the
   * file that describes how images are prepared, as `model.onnx` and by their own names.
   *
   * @param folder is made, or written over.
   */
  async write(folder: string): Promise<void> {
    const { file } = this.frozen;
    const from = dirname(file);
    const trained = new Map<string, Omit<OnnxArray, 'dtype'>>();
    for (const weight of this.weights) {
      const value = tf.tidy(() => tf.clone(this.valueOf(weight)));
      trained.set(weight.name, { shape: weight.shape, data: (await value.data()) as Float32Array });
      value.dispose();
    }
    makeFolder(folder);
    for (const beside of await externalDataFiles(file)) {
      const to = join(folder, relative(from, beside));
      makeFolder(dirname(to));
      writeFileAtomic(to, readFileSync(beside));
    }
    const root = basename(from) === 'onnx' ? dirname(from) : from;
    for (const name of preprocessingFiles)
      if (existsSync(join(root, name))) writeFileAtomic(join(folder, name), readFileSync(join(root, name)));
    writeFileAtomic(join(folder, 'model.onnx'), await replaceWeights(readFileSync(file), trained));
  }

  async dispose(): Promise<void> {
    this.graph.dispose();
    await this.frozen.dispose();
  }
}

function countsText(counts: ReadonlyMap<string, number>): string {
  return counts.size === 0
    ? ''
    : `, ${[...counts].map(([name, count]) => `${count} ${name}`).join(', ')} of other numbers`;
}
