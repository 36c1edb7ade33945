import { InputError } from '@cxr-align/files';
import { readOnnxGraph, type OnnxGraph, type OnnxNode } from '../onnx-graph.js';
import * as tf from '@tensorflow/tfjs-core';
import { asPlain, plain, type Held } from './held.js';
import { prepareFilter } from './image-operations.js';
import { mostKnown, remember, tensorOf } from './operation.js';
import { compute, isKnown } from './operations.js';

/**
 * Runs an ONNX graph operation by operation on the current TensorFlow.js backend, so that it can be differentiated. It has the
 * operations that text and image encoders are exported with; {@link OnnxModel} is faster and has all.
 *
 * @example
 * const graph = await OnnxInterpreter.read('model.onnx');
 * const gradient = tf.grad((x) => tf.sum(graph.run({ x }, ['y'])[0]))(tf.ones([1, 4]));
 */
export class OnnxInterpreter {
  private readonly constants = new Map<string, Held>();
  private readonly makers: Map<string, OnnxNode>;
  private readonly graph: Omit<OnnxGraph, 'constants'>;
  /** Tensors beside the constants that are disposed with them. */
  private readonly owned: tf.Tensor[] = [];

  private constructor(
    private readonly file: string,
    { constants, ...graph }: OnnxGraph,
  ) {
    for (const [name, array] of constants) this.addConstant(name, tensorOf(array));
    this.graph = { ...graph, nodes: graph.nodes.filter((node) => !this.foldParameters(node)) };
    this.makers = new Map(this.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
    for (const node of this.nodes) {
      const weight = node.operation === 'Conv' ? this.constants.get(node.inputs[1]) : undefined;
      if (weight?.tensor.rank === 4) this.owned.push(prepareFilter(weight.tensor, node));
    }
  }

  /** @throws {InputError} if the file is no ONNX model, or has operations that are not implemented here: each with its count. */
  static async read(file: string): Promise<OnnxInterpreter> {
    const graph = await readOnnxGraph(file);
    const unknown = new Map<string, number>();
    for (const { operation } of graph.nodes)
      if (!isKnown(operation)) unknown.set(operation, (unknown.get(operation) ?? 0) + 1);
    if (unknown.size > 0)
      throw new InputError(
        `expected operations that can be differentiated here, got ${[...unknown].map(([name, count]) => `${name} (${count})`).join(', ')} too; export the model with others`,
        { file },
      );
    return new OnnxInterpreter(file, graph);
  }

  get inputs(): readonly string[] {
    return this.graph.inputs;
  }

  get outputs(): readonly string[] {
    return this.graph.outputs;
  }

  /** The operations in their order, without those that compute constants of whole numbers, such as shapes. */
  get nodes(): readonly OnnxNode[] {
    return this.graph.nodes;
  }

  /** The operations that lead to some values, in their order. */
  nodesTo(outputs: readonly string[]): OnnxNode[] {
    return this.needed(new Set([...this.constants.keys(), ...this.graph.inputs]), outputs);
  }

  /** Whether the file keeps a constant as float32, so that other numbers can be put in its place. */
  isStoredFloat32(name: string): boolean {
    return this.graph.storedTypes.get(name) === 'float32';
  }

  /** A constant by its name, which belongs to the interpreter. */
  constant(name: string): tf.Tensor | undefined {
    return this.constants.get(name)?.tensor;
  }

  /**
   * @param values by name: inputs, constants instead of those of the file, or intermediate values, which are then not computed.
   *   Integers as int32.
   * @param outputs names of the values that are wanted, anywhere in the graph.
   * @returns them in that order. The caller owns them.
   * @throws {RangeError} if a value that is needed is neither given nor computed in the graph.
   */
  run(values: Readonly<Record<string, tf.Tensor>>, outputs: readonly string[]): tf.Tensor[] {
    const given = new Map(Object.entries(values).map(([name, tensor]) => [name, plain(tensor)]));
    return tf.tidy(() => this.runHeld(given, outputs).map(asPlain));
  }

  /** As {@link run}, with images whose channels are last as TensorFlow.js has them, in and out. */
  runHeld(values: ReadonlyMap<string, Held>, outputs: readonly string[]): Held[] {
    // tf.tidy returns tensors alone.
    let isLast: boolean[] = [];
    const tensors = tf.tidy(() => {
      const known = new Map<string, Held>([...this.constants, ...values]);
      const nodes = this.needed(known, outputs);
      const uses = usesOf(nodes, outputs);
      for (const node of nodes) {
        const inputs = node.inputs.map((name) => (name === '' ? undefined : known.get(name)!));
        // An operation may return its input, which lives as long as it is needed by others.
        compute(node, inputs).forEach(({ tensor, isChannelsLast }, i) => {
          const isInput = inputs.some((input) => input?.tensor === tensor);
          known.set(node.outputs[i], { tensor: isInput ? tf.clone(tensor) : tensor, isChannelsLast });
        });
        for (const name of new Set(node.inputs)) {
          const left = (uses.get(name) ?? 0) - 1;
          uses.set(name, left);
          if (left === 0 && this.makers.has(name) && !values.has(name)) known.get(name)!.tensor.dispose();
        }
      }
      const made = outputs.map((name) => known.get(name)!);
      isLast = made.map(({ isChannelsLast }) => isChannelsLast);
      // They may belong to the graph or to the caller.
      return made.map(({ tensor }) => tf.clone(tensor));
    });
    return tensors.map((tensor, i) => ({ tensor, isChannelsLast: isLast[i] }));
  }

  /** The operations from the known values to the outputs, in their order. */
  private needed(known: { has(name: string): boolean }, outputs: readonly string[]): OnnxNode[] {
    const wanted = new Set<OnnxNode>();
    const open = [...outputs];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (name === '' || known.has(name)) continue;
      const node = this.makers.get(name);
      if (!node)
        throw new RangeError(
          `onnx/OnnxInterpreter.run: expected ${name} to be given or computed in ${this.file}, got none; try its inputs ${this.inputs.join(', ')}`,
        );
      if (wanted.has(node)) continue;
      wanted.add(node);
      for (const input of node.inputs) open.push(input);
    }
    return this.graph.nodes.filter((node) => wanted.has(node));
  }

  /** Computes an operation on whole numbers that are all known, such as a shape, once. @returns whether it was one. */
  private foldParameters(node: OnnxNode): boolean {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : this.constants.get(name)));
    const isKnownWhole = inputs.every(
      (input, i) =>
        node.inputs[i] === '' || (input && input.tensor.dtype !== 'float32' && input.tensor.size <= mostKnown),
    );
    if (!isKnownWhole || (inputs.length === 0 && node.operation !== 'Constant')) return false;
    const made = compute(node, inputs);
    made.forEach(({ tensor }, i) => {
      const isInput = inputs.some((input) => input?.tensor === tensor);
      this.addConstant(node.outputs[i], isInput ? tf.clone(tensor) : tensor);
    });
    return true;
  }

  private addConstant(name: string, tensor: tf.Tensor): void {
    if (tensor.dtype !== 'float32' || tensor.size === 1) remember(tensor);
    this.constants.set(name, plain(tensor));
  }

  dispose(): void {
    this.constants.forEach(({ tensor }) => tensor.dispose());
    tf.dispose(this.owned);
  }
}

/** How many operations need a value; once more where it is wanted. */
function usesOf(nodes: readonly OnnxNode[], outputs: readonly string[]): Map<string, number> {
  const uses = new Map<string, number>();
  for (const names of [...nodes.map(({ inputs }) => new Set(inputs)), outputs])
    for (const name of names) uses.set(name, (uses.get(name) ?? 0) + 1);
  return uses;
}
