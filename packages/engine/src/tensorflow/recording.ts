import * as tf from '@tensorflow/tfjs-core';
import type { Attribute, BindingMethods, NodeBackend, NodeBinding } from './operations.js';

/** An operation that ran: inputs are numbers of values of the recording, and so is its first output; the others follow. */
interface Recorded {
  name: string;
  attributes: readonly Attribute[];
  inputs: readonly number[];
  output: number;
  outputs: number;
}

/** A tensor that JavaScript made meanwhile, and gave up: it belongs to the recording. */
export interface Constant {
  kind: 'constant';
  shape: number[];
  /** TensorFlow's number of it, as everywhere here. */
  type: number;
  values: readonly number[];
  id: number;
}

/** Where a value came from that no recorded operation made; what is kept was there before, or still is. */
export type Source =
  | { kind: 'input'; index: number; type: number }
  | { kind: 'variable'; variable: tf.Variable; type: number }
  | { kind: 'kept'; id: number }
  | Constant;

/** The operations that some work was made of. Values are numbered: sources and outputs of operations as they came. */
export interface Recording {
  operations: readonly Recorded[];
  sources: ReadonlyMap<number, Source>;
  /** The values of the results. */
  results: ReadonlyMap<string, number>;
  /** The variables that were assigned to, and what. */
  assigned: ReadonlyMap<tf.Variable, number>;
}

/** What TensorFlow knows a tensor by; where it does not have the values yet, they are handed over. */
export function idOf(backend: NodeBackend, tensor: tf.Tensor): number {
  return backend.getInputTensorIds([tensor])[0];
}

/** Why there is no recording where there may be one the next time. */
export const sharing = 'two inputs, or an input and a variable, share memory';

/**
 * Does some work, and writes down what operations it is made of.
 *
 * @returns the results and the recording; instead of that why there is none.
 */
export function record(
  backend: NodeBackend,
  inputs: readonly tf.Tensor[],
  work: () => tf.NamedTensorMap,
): { results: tf.NamedTensorMap; recording: Recording | string } {
  const variables = Object.values(tf.engine().registeredVariables) as tf.Variable[];
  const before = new Map(variables.map((variable) => [variable, idOf(backend, variable)]));
  const typeOf = ({ dataId }: tf.Tensor): number => backend.tensorMap.get(dataId).dtype;
  const told = new Map<number, Source>();
  for (const [variable, id] of before) told.set(id, { kind: 'variable', variable, type: typeOf(variable) });
  inputs.forEach((tensor, index) => told.set(idOf(backend, tensor), { kind: 'input', index, type: typeOf(tensor) }));
  // A clone shares what TensorFlow has, and next time it may not.
  const isAmbiguous = told.size < before.size + inputs.length;

  const recorder = new Recorder(backend.binding, told);
  const { binding } = backend;
  backend.binding = recorder.binding;
  let results: tf.NamedTensorMap;
  try {
    results = work();
  } finally {
    backend.binding = binding;
  }
  const { operations, sources, looked } = recorder;
  const reason = looked ?? (isAmbiguous ? sharing : undefined);
  const now = (tensor: tf.Tensor): number => recorder.numberOf(idOf(backend, tensor));
  const recording = {
    operations,
    sources,
    results: new Map(Object.entries(results).map(([name, tensor]) => [name, now(tensor)])),
    assigned: new Map(
      variables
        .filter((variable) => idOf(backend, variable) !== before.get(variable))
        .map((variable) => [variable, now(variable)]),
    ),
  };
  recorder.close();
  if (reason === undefined) return { results, recording };
  forget(backend, recording);
  return { results, recording: reason };
}

/** Gives back what a recording keeps. */
export function forget({ binding }: NodeBackend, { sources }: Recording): void {
  for (const source of sources.values()) if (source.kind === 'constant') binding.deleteTensor(source.id);
}

/** Stands between TensorFlow.js and the binding. */
class Recorder {
  readonly operations: Recorded[] = [];
  readonly sources = new Map<number, Source>();
  /** After which operation the work looked at values. */
  looked?: string;
  /** The binding, with what is called by the work. Its own properties cannot be written. */
  readonly binding: NodeBinding;
  private readonly numbers = new Map<number, number>();
  private readonly made = new Map<number, Constant>();
  private readonly givenUp = new Set<Source>();
  private count = 0;

  /** @param told sources by what TensorFlow knows them by. */
  constructor(
    binding: NodeBinding,
    private readonly told: ReadonlyMap<number, Source>,
  ) {
    const methods: Partial<BindingMethods> = {
      createTensor: (shape, type, values) => {
        const id = binding.createTensor(shape, type, values);
        this.made.set(id, { kind: 'constant', shape: [...shape], type, values: Array.from(values), id });
        return id;
      },
      deleteTensor: (id) => {
        const constant = this.made.get(id);
        if (constant && this.numbers.has(id)) this.givenUp.add(constant);
        else binding.deleteTensor(id);
      },
      tensorDataSync: (id) => {
        this.looked ??= `the work looked at values after ${this.operations.at(-1)?.name ?? 'no operation'}`;
        return binding.tensorDataSync(id);
      },
      executeOp: (name, attributes, ids, outputs) => {
        const inputs = ids.map((id) => this.numberOf(id));
        const results = binding.executeOp(name, attributes, ids, outputs);
        this.operations.push({ name, attributes, inputs, output: this.count, outputs });
        for (const { id } of results) this.numbers.set(id, this.count++);
        return results;
      },
    };
    const descriptors = Object.entries(methods).map(([name, value]) => [name, { value }]);
    this.binding = Object.create(binding, Object.fromEntries(descriptors)) as NodeBinding;
  }

  /** The number of the value that TensorFlow knows by `id`. */
  numberOf(id: number): number {
    const present = this.numbers.get(id);
    if (present !== undefined) return present;
    this.sources.set(this.count, this.told.get(id) ?? this.made.get(id) ?? { kind: 'kept', id });
    this.numbers.set(id, this.count);
    return this.count++;
  }

  /** What was made and not given up is kept by someone. */
  close(): void {
    for (const [number, source] of this.sources)
      if (source.kind === 'constant' && !this.givenUp.has(source))
        this.sources.set(number, { kind: 'kept', id: source.id });
  }
}
