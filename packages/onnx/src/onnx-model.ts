import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { faultReason, InputError, regularFile, sha256, sha256OfFile } from '@cxr-align/files';
import type { InferenceSession } from 'onnxruntime-node';
import { externalDataFiles } from './external-data.js';

type Runtime = typeof import('onnxruntime-node');

/** How ONNX Runtime runs a model. */
export interface OnnxOptions {
  /** Execution providers of ONNX Runtime: the first that works is used. Default `['cpu']`. */
  providers?: readonly string[];
  /** Threads of one operation. Default all processors. */
  threads?: number;
}

/** The values of a tensor as ONNX Runtime returns them: float32 as Float32Array, int64 as BigInt64Array, and so on. */
export type OnnxData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | readonly string[];

/** An output of a model. */
export interface OnnxTensor {
  /** The name of its number type, such as `float32`. */
  type: string;
  dims: readonly number[];
  /** Row-major. */
  data: OnnxData;
}

/** The inputs of a model by name, row-major. */
export type OnnxInputs = Readonly<
  Record<string, { values: Float32Array | BigInt64Array | Int32Array; shape: number[] }>
>;

/** A frozen model in an ONNX file, run by ONNX Runtime. */
export class OnnxModel {
  private constructor(
    readonly file: string,
    /** SHA-256 of its weights. */
    readonly weightsHash: string,
    private readonly runtime: Runtime,
    private readonly session: InferenceSession,
  ) {}

  /**
   * Opens the first file of a list that exists in a folder.
   *
   * @param names paths inside the folder, in order of preference.
   * @throws {InputError} if none exists, ONNX Runtime cannot open it, or onnxruntime-node is not installed.
   */
  static async open(
    folder: string,
    names: readonly string[],
    { providers = ['cpu'], threads }: OnnxOptions = {},
  ): Promise<OnnxModel> {
    const file = names.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (file === undefined)
      throw new InputError(`expected an encoder: one of ${names.join(', ')}, got none; export one to this folder`, {
        file: folder,
      });
    regularFile(file, 'an ONNX model');
    // Before the runtime opens them: none may lie outside of the folder.
    const beside = await externalDataFiles(file);
    for (const one of beside) regularFile(one, `a file of numbers that ${basename(file)} names`);
    const runtime = await loadRuntime();
    let session: InferenceSession;
    try {
      session = await runtime.InferenceSession.create(file, {
        executionProviders: [...providers],
        // What goes wrong is thrown in the same words.
        logSeverityLevel: 4,
        // Threads that wait for work would take processors from those that decode the next images.
        extra: { session: { intra_op: { allow_spinning: '0' } } },
        ...(threads !== undefined && { intraOpNumThreads: threads }),
      });
    } catch (error) {
      throw new InputError(
        `expected an ONNX model that runs on ${providers.join(' or ')}, got ${faultReason(error)}; try another provider, or export it again`,
        { file },
      );
    }
    return new OnnxModel(file, await hashOf(file, beside), runtime, session);
  }

  /** The inputs in order; extents that the file leaves open are undefined. */
  get inputs(): { name: string; type: string; shape: (number | undefined)[] }[] {
    return this.session.inputMetadata.map((input) => ({
      name: input.name,
      type: input.isTensor ? input.type : 'no tensor',
      shape: input.isTensor ? input.shape.map((size) => (typeof size === 'number' && size > 0 ? size : undefined)) : [],
    }));
  }

  /**
   * Runs the model once.
   *
   * @param outputs names of the outputs to compute. Default all.
   * @throws what ONNX Runtime throws, such as for an input of another shape.
   */
  async run(inputs: OnnxInputs, outputs?: readonly string[]): Promise<Record<string, OnnxTensor>> {
    const { Tensor: Make } = this.runtime;
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, { values, shape }]) => [
        name,
        values instanceof Float32Array
          ? new Make('float32', values, shape)
          : values instanceof Int32Array
            ? new Make('int32', values, shape)
            : new Make('int64', values, shape),
      ]),
    );
    const given = outputs ? await this.session.run(feeds, [...outputs]) : await this.session.run(feeds);
    return given as unknown as Record<string, OnnxTensor>;
  }

  /** Frees the session. */
  async dispose(): Promise<void> {
    await this.session.release();
  }
}

async function loadRuntime(): Promise<Runtime> {
  try {
    const runtime = (await import('onnxruntime-node')) as Runtime & { default?: Runtime };
    return runtime.default ?? runtime;
  } catch (error) {
    throw new InputError(
      `expected the package onnxruntime-node, which runs frozen encoders, got ${(error as Error).message.split('\n')[0]}; install it: ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node`,
    );
  }
}

/** The hash of the weights: of the file, and of the files that it keeps numbers in. */
async function hashOf(path: string, named: readonly string[]): Promise<string> {
  const usual = [`${path}_data`, `${path}.data`].filter((file) => existsSync(file));
  const beside = [...new Set([...usual, ...named])];
  if (beside.length === 0) return sha256OfFile(path);
  return sha256((await Promise.all([path, ...beside].map(sha256OfFile))).join(''));
}
