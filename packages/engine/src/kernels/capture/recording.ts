import * as tf from '@tensorflow/tfjs-core';
import type { Attribute, BindingMethods, NodeBackend, NodeBinding } from '../tensorflow/operations.js';

/** An operation that ran: its inputs are numbers of values of the recording, and so is its first output; the others follow. */
interface Recorded {
  name: string;
  attributes: readonly Attribute[];
  inputs: readonly number[];
  output: number;
  outputs: number;
}

/** A tensor that JavaScript created and disposed within the computation; the recording owns it. */
export interface Constant {
  kind: 'constant';
  shape: number[];
  /** TensorFlow's number of the type, as everywhere here. */
  type: number;
  values: readonly number[];
  id: number;
}

/** Where a value came from that no recorded operation computed; a kept tensor existed before, or still does. */
export type Source =
  | { kind: 'input'; index: number; type: number }
  | { kind: 'variable'; variable: tf.Variable; type: number }
  | { kind: 'kept'; id: number }
  | Constant;

/** The operations of a computation. Values are numbered: sources and outputs of operations as they appeared. */
export interface Recording {
  operations: readonly Recorded[];
  sources: ReadonlyMap<number, Source>;
  /** The values of the results. */
  results: ReadonlyMap<string, number>;
  /** The variables that were assigned to, and their values. */
  assigned: ReadonlyMap<tf.Variable, number>;
}

/** TensorFlow's id of a tensor; values that it does not have yet are handed over. */
export function idOf(backend: NodeBackend, tensor: tf.Tensor): number {
  return backend.getInputTensorIds([tensor])[0];
}

/** Why there is no recording where there may be one the next time. */
export const sharedMemory = 'two inputs, or an input and a variable, share memory';

/** What a computation starts from: TensorFlow's ids of inputs and variables. */
interface Start {
  variables: ReadonlyMap<tf.Variable, number>;
  sources: ReadonlyMap<number, Source>;
  /** A clone shares its id with what it was made from, and may not the next time. */
  isAmbiguous: boolean;
}

/**
 * Runs a computation and records its operations.
 *
 * @returns the results and the recording; a reason instead of a recording where there is none.
 * @throws what `compute` throws, and nothing else.
 */
export function record(
  backend: NodeBackend,
  inputs: readonly tf.Tensor[],
  compute: () => tf.NamedTensorMap,
): { results: tf.NamedTensorMap; recording: Recording | string } {
  let start: Start;
  try {
    start = startOf(backend, inputs);
  } catch (error) {
    return { results: compute(), recording: (error as Error).message };
  }
  const { binding } = backend;
  const recorder = new Recorder(binding, start.sources);
  backend.binding = recorder.binding;
  let results: tf.NamedTensorMap;
  try {
    results = compute();
  } catch (error) {
    recorder.discard();
    throw error;
  } finally {
    backend.binding = binding;
  }
  try {
    const recording = recordingOf(backend, recorder, start, results);
    const reason = recorder.readAfter ?? (start.isAmbiguous ? sharedMemory : undefined);
    if (reason === undefined) return { results, recording };
    forget(backend, recording);
    return { results, recording: reason };
  } catch (error) {
    recorder.discard();
    return { results, recording: (error as Error).message };
  }
}

function startOf(backend: NodeBackend, inputs: readonly tf.Tensor[]): Start {
  const all = Object.values(tf.engine().registeredVariables) as tf.Variable[];
  const variables = new Map(all.map((variable) => [variable, idOf(backend, variable)]));
  const typeOf = ({ dataId }: tf.Tensor): number => backend.tensorMap.get(dataId).dtype;
  const sources = new Map<number, Source>();
  for (const [variable, id] of variables) sources.set(id, { kind: 'variable', variable, type: typeOf(variable) });
  inputs.forEach((tensor, index) => sources.set(idOf(backend, tensor), { kind: 'input', index, type: typeOf(tensor) }));
  return { variables, sources, isAmbiguous: sources.size < variables.size + inputs.length };
}

function recordingOf(
  backend: NodeBackend,
  recorder: Recorder,
  { variables }: Start,
  results: tf.NamedTensorMap,
): Recording {
  const numberOf = (tensor: tf.Tensor): number => recorder.numberOf(idOf(backend, tensor));
  const recording = {
    operations: recorder.operations,
    sources: recorder.sources,
    results: new Map(Object.entries(results).map(([name, tensor]) => [name, numberOf(tensor)])),
    assigned: new Map(
      [...variables]
        .filter(([variable, id]) => idOf(backend, variable) !== id)
        .map(([variable]) => [variable, numberOf(variable)]),
    ),
  };
  recorder.close();
  return recording;
}

/** Releases the constants of a recording. */
export function forget({ binding }: NodeBackend, { sources }: Recording): void {
  for (const source of sources.values()) if (source.kind === 'constant') binding.deleteTensor(source.id);
}

/** Stands between TensorFlow.js and the binding. */
class Recorder {
  readonly operations: Recorded[] = [];
  readonly sources = new Map<number, Source>();
  /** That the computation read values, and after which operation. */
  readAfter?: string;
  /** The binding, with the methods that are recorded. Its own properties cannot be written. */
  readonly binding: NodeBinding;
  private readonly numbers = new Map<number, number>();
  private readonly created = new Map<number, Constant>();
  private readonly disposed = new Set<Source>();
  private count = 0;

  /** @param known sources by TensorFlow's id. */
  constructor(
    private readonly real: NodeBinding,
    private readonly known: ReadonlyMap<number, Source>,
  ) {
    const methods: Partial<BindingMethods> = {
      createTensor: (shape, type, values) => {
        const id = real.createTensor(shape, type, values);
        this.created.set(id, { kind: 'constant', shape: [...shape], type, values: Array.from(values), id });
        return id;
      },
      deleteTensor: (id) => {
        const constant = this.created.get(id);
        if (constant && this.numbers.has(id)) this.disposed.add(constant);
        else real.deleteTensor(id);
      },
      tensorDataSync: (id) => {
        this.readAfter ??= `the computation read values after ${this.operations.at(-1)?.name ?? 'no operation'}`;
        return real.tensorDataSync(id);
      },
      executeOp: (name, attributes, ids, outputs) => {
        const inputs = ids.map((id) => this.numberOf(id));
        const results = real.executeOp(name, attributes, ids, outputs);
        this.operations.push({ name, attributes, inputs, output: this.count, outputs });
        for (const { id } of results) this.numbers.set(id, this.count++);
        return results;
      },
    };
    const descriptors = Object.entries(methods).map(([name, value]) => [name, { value }]);
    this.binding = Object.create(real, Object.fromEntries(descriptors)) as NodeBinding;
  }

  /** The number of the value that TensorFlow knows by `id`. */
  numberOf(id: number): number {
    const present = this.numbers.get(id);
    if (present !== undefined) return present;
    this.sources.set(this.count, this.known.get(id) ?? this.created.get(id) ?? { kind: 'kept', id });
    this.numbers.set(id, this.count);
    return this.count++;
  }

  /** A tensor that was created and not disposed is kept by someone. */
  close(): void {
    for (const [number, source] of this.sources)
      if (source.kind === 'constant' && !this.disposed.has(source))
        this.sources.set(number, { kind: 'kept', id: source.id });
  }

  /** Releases what the computation disposed and the recorder held on to. */
  discard(): void {
    for (const source of this.disposed) if (source.kind === 'constant') this.real.deleteTensor(source.id);
    this.disposed.clear();
  }
}
