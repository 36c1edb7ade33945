import { createHash } from 'node:crypto';
import type { ProductPrecision } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
import { graphDef, type AttributeTypes, type GraphNode } from './graph-def.js';
import type { Attribute, NodeBackend } from '../tensorflow/operations.js';
import { forget, idOf, type Constant, type Recording, type Source } from './recording.js';

/** The names of functions that TensorFlow has. */
const namesInUse = new Set<string>();

/**
 * A ConfigProto that turns TensorFlow's graph optimisers off: what they put in place of operations gives other bits. Each is turned
 * off by its number, since the message that turns all off at once is not valid text.
 */
const withoutOptimisers = optimisersOff([1, 3, 7, 8, 9, 10, 13, 14]);

/** How a recording is run as a function. */
export interface ReplayOptions {
  /**
   * Whether XLA compiles the function. It has to know shapes, axes and the like when it does, so integers that are not counters are
   * part of the function then, not inputs of it. Default false.
   */
  compiled?: boolean;
  /** How products of float32 are computed while it is run. XLA decides that when it compiles. Default `float32`. */
  precision?: ProductPrecision;
}

/** A recording as one TensorFlow function. It owns the recording. */
export class Replay {
  private readonly name: string;
  /** The sources that are inputs of the function, in its order. */
  private readonly inputs: readonly number[];
  private readonly attributes: readonly Attribute[];
  /** The integers that are part of the function. */
  private readonly integers: ReadonlyMap<number, Integers>;

  /**
   * @param counters the entries of constants that are the number of the step, by source.
   * @throws {Error} if TensorFlow does not accept the function.
   */
  constructor(
    private readonly backend: NodeBackend,
    private recording: Recording,
    readonly counters: ReadonlyMap<number, readonly number[]>,
    { compiled = false, precision = 'float32' }: ReplayOptions = {},
  ) {
    const { binding } = backend;
    this.integers = compiled ? integersOf(recording, counters, backend) : new Map();
    const { nodes, inputs, outputs } = graphOf(recording, this.integers, backend);
    this.inputs = inputs;
    const places = inputs.flatMap((number) => [sourceName(number), 0]);
    const graph = graphDef(nodes, binding as unknown as AttributeTypes);
    const name = freeName(graph, [places, outputs, precision]);
    binding.addFunction(name, graph, places, outputs);
    namesInUse.add(name);
    this.name = name;
    this.attributes = [
      { name: 'config_proto', type: binding.TF_ATTR_STRING, value: withoutOptimisers },
      ...(compiled ? [{ name: '_XlaMustCompile', type: binding.TF_ATTR_BOOL, value: true }] : []),
    ];
  }

  /** Runs the function; variables that the computation assigned to are assigned to. The caller owns the results. */
  run(inputs: readonly tf.Tensor[], step: number): tf.NamedTensorMap {
    const { backend, recording } = this;
    const { binding } = backend;
    const names = [...recording.results.keys()];
    const variables = [...recording.assigned.keys()];
    const counters = this.createCounters(step);
    let tensors: tf.Tensor[];
    try {
      const ids = this.inputs.map((number) => {
        const source = recording.sources.get(number)!;
        if (source.kind === 'input') return idOf(backend, inputs[source.index]);
        if (source.kind === 'variable') return idOf(backend, source.variable);
        return counters.get(number) ?? source.id;
      });
      tensors = binding
        .executeOp(this.name, [...this.attributes], ids, names.length + variables.length)
        .map((output) => backend.createOutputTensor(output));
    } finally {
      counters.forEach((id) => binding.deleteTensor(id));
    }
    variables.forEach((variable, i) => variable.assign(tensors[names.length + i]));
    tf.dispose(tensors.slice(names.length));
    return Object.fromEntries(names.map((name, i) => [name, tensors[i]]));
  }

  /** The constants that count the steps, for one step, as TensorFlow's ids by source. */
  private createCounters(step: number): Map<number, number> {
    const { binding } = this.backend;
    const created = [...this.counters].map(([number, places]): [number, number] => {
      const { shape, type, values } = this.recording.sources.get(number) as Constant;
      const counted = type === binding.TF_FLOAT ? Float32Array.from(values) : Int32Array.from(values);
      for (const place of places) counted[place] = step;
      return [number, binding.createTensor(shape, type, counted)];
    });
    return new Map(created);
  }

  /** Whether the counters of another recording of the same operations are the number of its step. */
  countersMatch({ sources }: Recording, step: number): boolean {
    return [...this.counters].every(([number, places]) => {
      const source = sources.get(number);
      return source?.kind === 'constant' && places.every((place) => source.values[place] === step);
    });
  }

  /** Whether the integers that are part of a compiled function are those of another recording of the same operations. */
  hasIntegersOf(recording: Recording): boolean {
    const others = integersOf(recording, this.counters, this.backend);
    return [...this.integers].every(([number, { values }]) => others.get(number)?.values.join() === values.join());
  }

  /** Takes the constants of a later recording of the same operations. */
  renew(recording: Recording): void {
    forget(this.backend, this.recording);
    this.recording = recording;
  }

  dispose(): void {
    this.backend.binding.removeFunction(this.name);
    namesInUse.delete(this.name);
    forget(this.backend, this.recording);
  }
}

/** A name that tells what a function computes: XLA finds by it what was compiled before, also by another process. */
function freeName(graph: Uint8Array, more: unknown): string {
  const hash = createHash('sha256').update(graph).update(JSON.stringify(more));
  const name = `cxr_align_${hash.digest('hex').slice(0, 32)}`;
  for (let count = 1; ; count++) {
    const one = count === 1 ? name : `${name}_${count}`;
    if (!namesInUse.has(one)) return one;
  }
}

const sourceName = (number: number): string => `source${number}`;

/** The nodes of a recording, the sources that are inputs, and the places of its outputs in the form that the binding expects. */
function graphOf(
  recording: Recording,
  constants: ReadonlyMap<number, Integers>,
  backend: NodeBackend,
): { nodes: GraphNode[]; inputs: number[]; outputs: (string | number)[] } {
  const { binding } = backend;
  const typed = (name: string, type: number): Attribute => ({ name, type: binding.TF_ATTR_TYPE, value: type });
  const nodes: GraphNode[] = [];
  const places = new Map<number, [name: string, output: number]>();
  const inputsOf = (numbers: readonly number[]): string[] => numbers.map((number) => places.get(number)!.join(':'));
  const types = new Map([...recording.sources].map(([number, source]) => [number, typeOf(source, backend)]));
  for (const [number, type] of types) {
    const name = sourceName(number);
    const values = constants.get(number);
    const attributes = [typed('dtype', type)];
    nodes.push(
      values
        ? { name, operation: 'Const', attributes, inputs: [], constant: { type, ...values } }
        : { name, operation: 'Placeholder', attributes, inputs: [] },
    );
    places.set(number, [name, 0]);
  }
  for (const { name: operation, attributes, inputs, output, outputs } of recording.operations) {
    const name = `value${output}`;
    nodes.push({ name, operation, attributes, inputs: inputsOf(inputs) });
    for (let i = 0; i < outputs; i++) places.set(output + i, [name, i]);
  }
  // An output of a function must be that of an operation, and each must be another one.
  const outputs = [...recording.results.values(), ...recording.assigned.values()].map((number, i) => {
    const type = types.get(number);
    if (type === undefined) return places.get(number)!;
    const name = `copy${i}`;
    nodes.push({ name, operation: 'Identity', attributes: [typed('T', type)], inputs: inputsOf([number]) });
    return [name, 0] as const;
  });
  return { nodes, inputs: [...types.keys()].filter((number) => !constants.has(number)), outputs: outputs.flat() };
}

/** Integers that JavaScript made. */
interface Integers {
  shape: readonly number[];
  values: Int32Array;
}

/** The integers that a recording has from JavaScript, counters aside: constants, and tensors that are kept, such as shapes. */
function integersOf(
  { sources }: Recording,
  counters: ReadonlyMap<number, readonly number[]>,
  backend: NodeBackend,
): Map<number, Integers> {
  const { binding } = backend;
  const valuesOf = (id: number): Int32Array => Int32Array.from(binding.tensorDataSync(id));
  const integers = new Map<number, Integers>();
  for (const [number, source] of sources) {
    if (counters.has(number) || typeOf(source, backend) !== binding.TF_INT32) continue;
    if (source.kind === 'constant')
      integers.set(number, { shape: source.shape, values: Int32Array.from(source.values) });
    if (source.kind !== 'kept') continue;
    const types = ['T', 'out_type'].map((name) => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 }));
    const [shape] = binding.executeOp('Shape', types, [source.id], 1);
    integers.set(number, { shape: [...valuesOf(shape.id)], values: valuesOf(source.id) });
    binding.deleteTensor(shape.id);
  }
  return integers;
}

function typeOf(source: Source, { binding }: NodeBackend): number {
  if (source.kind !== 'kept') return source.type;
  const [{ id, dtype }] = binding.executeOp('Identity', [], [source.id], 1);
  binding.deleteTensor(id);
  return dtype;
}

/** @param optimisers fields of RewriterConfig whose value 2 is OFF. */
function optimisersOff(optimisers: readonly number[]): string {
  const message = (field: number, bytes: readonly number[]): number[] => [8 * field + 2, bytes.length, ...bytes];
  const rewriter = optimisers.flatMap((field) => [8 * field, 2]);
  // GraphOptions is field 10 of ConfigProto, and RewriterConfig is field 10 of that.
  return String.fromCharCode(...message(10, message(10, rewriter)));
}
