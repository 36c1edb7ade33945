import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ImageInputs } from '@cxr-align/classifier';
import { drawSplit, selectSamples, type Dataset } from '@cxr-align/datasets';
import {
  InputError,
  lockFolder,
  remove,
  sealJson,
  sha256,
  sha256OfFile,
  unsealJson,
  writeFileAtomic,
} from '@cxr-align/files';
import { AdamW, ForwardContext, Parameters, scheduleFactor } from '@cxr-align/nn';
import { RandomStream } from '@cxr-align/random';
import { valueAndGradients } from '@cxr-align/tensor';
import { loadInputs, progressOf, withResources, type LoadedData, type OpenedDataset } from '@cxr-align/training';
import * as tf from '@tensorflow/tfjs-core';
import { checkpointFile, readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { CollapseError } from './collapse.js';
import { settingsOf, type PretrainingEpoch, type PretrainingSettings, type PretrainOptions } from './options.js';
import {
  newEncoder,
  ownPreprocessing,
  refuseSameFolder,
  tunedEncoder,
  type PretrainedEncoder,
} from './pretrained-encoder.js';
import { Projector } from './projector.js';
import { spreadOf, vicregLoss } from './vicreg.js';

/** What came of a pretraining. */
export interface PretrainResult {
  /** The folder of the encoder. */
  out: string;
  /** Images that it learned from. */
  images: number;
  /** Numbers of the encoder that were trained. */
  parameters: number;
  history: PretrainingEpoch[];
  /** SHA-256 of its ONNX file. */
  sha256: string;
  /** False where it was there already. */
  isNew: boolean;
}

/** The file beside the encoder with what it was made of. */
const recordFile = (out: string): string => join(out, 'pretraining.json');

/**
 * Trains an image encoder without labels (VICReg: two changed views of an image are to have the same embedding) and writes it as an
 * encoder in ONNX, which `extract`, `train` and this function take. Images of the splits test and val are left out unless asked for.
 * The same seed gives the same bits on the same engine, also where it is stopped and resumed.
 *
 * @throws {InputError} if there are too few images, or the folder holds another encoder.
 * @throws {CollapseError} if the embeddings become the same for all images.
 *
 * @example
 * await startEngine('auto');
 * const data = await openDataset('data/archive');
 * await pretrain({ data, out: 'encoders/archive', epochs: 100, on: { epoch: console.log } });
 */
export async function pretrain(options: PretrainOptions): Promise<PretrainResult> {
  const settings = settingsOf(options);
  const { data, out, resume = false, overwrite = false, on } = options;
  refuseSameFolder(settings.encoder, out);
  const progress = progressOf(options);
  return withResources(async (resources) => {
    const lock = lockFolder(out, 'pretrain');
    resources.defer(() => lock.release());
    prepareFolder(out, { resume, overwrite });
    const dataset = chosenImages(data, settings);
    const parameters = resources.own(new Parameters(settings.seed));
    const tuned = settings.encoder === undefined ? undefined : resources.own(await tunedEncoder(parameters, settings));
    const preprocessing = tuned?.preprocessing ?? ownPreprocessing(settings);
    const { augmentation } = settings;
    const loaded = await loadInputs(
      { dataset, remarks: data.remarks },
      { kind: 'image', preprocessing, augmentation, ...(tuned && { scale: { mean: 0, std: 1 } }) },
      { maxBad: data.options.maxBad, progress },
    );
    resources.own(loaded.inputs);
    loaded.remarks.forEach((line) => progress.remark(line));
    const inputs = loaded.inputs as ImageInputs;
    const encoder = tuned ?? newEncoder(parameters, settings, inputs.description.scale);
    const numbers = parameters.count();
    const images = loaded.dataset.samples.length;
    const identity = identityOf(settings, loaded);
    const known = finished(out, identity);
    if (known) {
      progress.remark('the encoder is finished: there is nothing to do');
      return { ...known, out, isNew: false };
    }
    progress.remark(
      `${images} images of ${settings.splits.join(', ')} without their labels, ${numbers} numbers of the encoder are trained`,
    );
    const loop = resources.own(new PretrainingLoop(settings, { parameters, encoder, inputs, images }));
    loop.history.push(...readCheckpoint(out, identity, loop));
    if (loop.history.length > 0) progress.remark(`resumed after epoch ${loop.history.length} of ${settings.epochs}`);
    const bar = progress.start('pretraining', settings.epochs * loop.stepsPerEpoch);
    resources.defer(() => bar.stop());
    while (loop.history.length < settings.epochs) {
      const record = await loop.runEpoch((step, loss) => bar.update(step, `loss ${loss.toFixed(2)}`));
      if (!(record.spread >= settings.leastSpread))
        throw new CollapseError(record.epoch, record.spread, settings.leastSpread);
      lock.assertHeld();
      await writeCheckpoint(out, identity, loop);
      on?.epoch?.(record);
    }
    await encoder.write(out);
    const hash = await sha256OfFile(join(out, 'model.onnx'));
    const result = { images, parameters: numbers, history: loop.history, sha256: hash };
    writeFileAtomic(recordFile(out), sealJson({ identity, settings, ...result }, { indent: 2 }));
    remove(checkpointFile(out));
    return { ...result, out, isNew: true };
  });
}

/** @throws {InputError} if the folder holds an encoder, or an unfinished one, that is neither resumed nor replaced. */
function prepareFolder(out: string, { resume, overwrite }: { resume: boolean; overwrite: boolean }): void {
  const files = [checkpointFile(out), recordFile(out), join(out, 'model.onnx'), join(out, 'preprocess.json')];
  const there = files.filter((file) => existsSync(file));
  if (there.length === 0) return;
  if (overwrite) there.forEach((file) => remove(file));
  else if (!resume)
    throw new InputError(
      'expected a folder without an encoder, got one; resume it, overwrite it, or use another folder',
      {
        file: out,
      },
    );
  else if (!existsSync(checkpointFile(out)) && !existsSync(recordFile(out)))
    throw new InputError(
      'expected a pretraining to resume, got an encoder that is from elsewhere; use another folder',
      {
        file: out,
      },
    );
}

/** The images of the wanted splits, all as a training split. */
function chosenImages({ dataset, path }: OpenedDataset, { splits, seed, batchSize }: PretrainingSettings): Dataset {
  const has = (split: string): boolean => dataset.samples.some((sample) => sample.split === split);
  let all = dataset;
  // As a training draws them, so that its test images are not among them.
  if (dataset.annotations.labels.length > 0 && !has('val')) {
    if (!has('test') && !dataset.hasOwnSplits) all = drawSplit(all, 'test', 0.2, seed);
    all = drawSplit(all, 'val', 0.15, seed);
  }
  const left = new Set(all.samples.flatMap(({ split, patient }) => (splits.includes(split) ? [] : [patient])));
  const rows = [...all.samples.keys()].filter((row) => {
    const { split, patient } = all.samples[row];
    return splits.includes(split) && !left.has(patient);
  });
  if (rows.length < batchSize)
    throw new InputError(
      `expected at least ${batchSize} images (batchSize) of ${splits.join(', ')}, got ${rows.length}; use smaller batches, or more splits`,
      { file: path },
    );
  const chosen = selectSamples(all, rows);
  return { ...chosen, samples: chosen.samples.map((sample) => ({ ...sample, split: 'train' as const })) };
}

/** A hash of the settings and the images. */
function identityOf(settings: PretrainingSettings, { dataset, contentOf }: LoadedData): string {
  const { encoder, ...rest } = settings;
  const start = encoder === undefined ? null : sha256(readFileSync(encoderFileOf(encoder)));
  return sha256(JSON.stringify([rest, start, dataset.samples.map(({ id }, i) => [id, contentOf(i)])]));
}

function encoderFileOf(folder: string): string {
  return ['model.onnx', 'onnx/vision_model.onnx', 'onnx/model.onnx']
    .map((name) => join(folder, name))
    .find((file) => existsSync(file))!;
}

/** What a finished pretraining with the same images and settings wrote. @throws {InputError} if it was of others. */
function finished(out: string, identity: string): Omit<PretrainResult, 'out' | 'isNew'> | undefined {
  const file = recordFile(out);
  if (!existsSync(file)) return undefined;
  const hint = 'overwrite the encoder';
  const record = unsealJson(readFileSync(file, 'utf8'), { file, hint, hashOf: sha256 }) as PretrainResult & {
    identity: string;
  };
  if (record.identity !== identity)
    throw new InputError(
      'expected an encoder of these images and settings, got one of others; overwrite it, or use another folder',
      { file },
    );
  const { images, parameters, history, sha256: hash } = record;
  return { images, parameters, history, sha256: hash };
}

/** Steps of a pretraining. */
class PretrainingLoop {
  readonly history: PretrainingEpoch[] = [];
  readonly stepsPerEpoch: number;
  readonly optimizer: AdamW;
  readonly parameters: Parameters;
  private readonly projector: Projector;

  constructor(
    private readonly settings: PretrainingSettings,
    private readonly given: { parameters: Parameters; encoder: PretrainedEncoder; inputs: ImageInputs; images: number },
  ) {
    const { parameters, encoder, images } = given;
    this.parameters = parameters;
    this.projector = new Projector(parameters.scope('projector'), encoder.dim, settings.embedding);
    this.optimizer = new AdamW(parameters.trainable(), {
      weightDecay: settings.weightDecay,
      maxGradientNorm: 5,
      stepCapture: 'off',
    });
    this.stepsPerEpoch = Math.max(1, Math.floor(images / settings.batchSize));
  }

  /** Trains on the images in an order of the epoch; a last batch that is too small is left out. */
  async runEpoch(onStep: (step: number, loss: number) => void): Promise<PretrainingEpoch> {
    const { settings, stepsPerEpoch, history } = this;
    const { seed, batchSize } = settings;
    const epoch = history.length;
    const order = new RandomStream({ seed, purpose: 'order', epoch }).permutation(this.given.images);
    let losses = 0;
    let spreads = 0;
    for (let i = 0; i < stepsPerEpoch; i++) {
      const { loss, spread } = await this.takeStep(
        [...order.subarray(i * batchSize, (i + 1) * batchSize)],
        epoch,
        epoch * stepsPerEpoch + i,
      );
      losses += loss / stepsPerEpoch;
      spreads += spread / stepsPerEpoch;
      onStep(epoch * stepsPerEpoch + i + 1, loss);
    }
    const record = { epoch: epoch + 1, loss: losses, spread: spreads };
    history.push(record);
    return record;
  }

  private async takeStep(samples: number[], epoch: number, step: number): Promise<{ loss: number; spread: number }> {
    const { settings, projector, optimizer, stepsPerEpoch } = this;
    const { parameters, encoder, inputs } = this.given;
    const { seed, epochs, learningRate } = settings;
    // Two views: each epoch has two draws of the random changes.
    const views = await Promise.all(
      [0, 1].map((view) => inputs.trainingBatch(samples, { seed, epoch: 2 * epoch + view })),
    );
    const images = tf.tidy(() =>
      tf.concat4d(
        views.map(({ main }) => main),
        0,
      ),
    );
    views.forEach(({ main }) => main.dispose());
    const context = new ForwardContext({ training: true, seed, step });
    const variables = parameters.trainable().map(({ variable }) => variable);
    const { loss, gradients, aux } = valueAndGradients(() => {
      const embeddings = projector.forward(encoder.forward(images, context), context);
      const [first, second] = tf.split<tf.Tensor2D>(embeddings, 2);
      return { loss: vicregLoss(first, second, settings.weights), aux: { spread: spreadOf(first) } };
    }, variables);
    const total = epochs * stepsPerEpoch;
    const warmup = Math.max(1, Math.round(0.05 * total));
    const factor = scheduleFactor('warmup-cosine', step, { warmup, total });
    await optimizer.takeStep(gradients, { learningRate: learningRate * factor });
    const [[value], [spread]] = await Promise.all([loss.data(), aux.spread.data()]);
    tf.dispose([images, loss, aux]);
    if (!Number.isFinite(value))
      throw new Error(`pretraining: the loss is ${value} in step ${step + 1} of ${total}; lower the learning rate`);
    return { loss: value, spread };
  }

  dispose(): void {
    this.optimizer.dispose();
  }
}
