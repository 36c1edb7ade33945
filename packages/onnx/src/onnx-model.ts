import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, sha256, sha256OfFile } from '@cxr-align/files';
import type { InferenceSession, Tensor } from 'onnxruntime-node';

type Runtime = typeof import('onnxruntime-node');

export interface OnnxOptions {
  /** Execution providers of ONNX Runtime, the first that works is used. Default `cpu`. */
  providers?: readonly string[];
  /** Threads of an operation. Default: all processors. */
  threads?: number;
}

/** A tensor that comes out of a model. */
export interface OnnxTensor {
  type: string;
  dims: readonly number[];
  /** The numbers row by row; those of float32 outputs are a Float32Array. */
  data: Tensor['data'];
}

/** What goes into a model, by the names of its inputs. */
export type OnnxInputs = Readonly<
  Record<string, { values: Float32Array | BigInt64Array | Int32Array; shape: number[] }>
>;

/** A frozen model in an ONNX file. */
export class OnnxModel {
  private constructor(
    readonly file: string,
    /** SHA-256 of its weights. */
    readonly weightsHash: string,
    private readonly runtime: Runtime,
    private readonly session: InferenceSession,
  ) {}

  /**
   * Opens the first of some files that lies in a folder.
   *
   * @param names paths inside the folder, in the order in which they are looked for.
   * @throws {InputError} if none is there, it does not run, or onnxruntime-node is not installed.
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
    const runtime = await loadRuntime();
    try {
      const session = await runtime.InferenceSession.create(file, {
        executionProviders: [...providers],
        logSeverityLevel: 3,
        // Threads that wait for work would take processors from those that decode the next images.
        extra: { session: { intra_op: { allow_spinning: '0' } } },
        ...(threads !== undefined && { intraOpNumThreads: threads }),
      });
      return new OnnxModel(file, await hashOf(file), runtime, session);
    } catch (error) {
      throw new InputError(
        `expected an ONNX model that runs on ${providers.join(' or ')}, got ${(error as Error).message.split('\n')[0]}`,
        { file },
      );
    }
  }

  /** Its inputs in order; sizes that the file leaves open are undefined. */
  get inputs(): { name: string; type: string; shape: (number | undefined)[] }[] {
    return this.session.inputMetadata.map((input) => ({
      name: input.name,
      type: input.isTensor ? input.type : 'no tensor',
      shape: input.isTensor ? input.shape.map((size) => (typeof size === 'number' && size > 0 ? size : undefined)) : [],
    }));
  }

  /** @param outputs names of those that are wanted; all unless given. */
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

/** The hash of the weights: of the file, and of the data that lie beside it where it is large. */
async function hashOf(path: string): Promise<string> {
  const beside = [`${path}_data`, `${path}.data`].filter((file) => existsSync(file));
  if (beside.length === 0) return sha256OfFile(path);
  return sha256((await Promise.all([path, ...beside].map(sha256OfFile))).join(''));
}
