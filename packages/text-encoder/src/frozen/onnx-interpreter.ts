import { InputError } from '@cxr-align/files';
import { readOnnxGraph, type OnnxGraph, type OnnxNode } from '@cxr-align/onnx';
import * as tf from '@tensorflow/tfjs-core';
import { arrayOperations } from './onnx-array-operations.js';
import { mathOperations } from './onnx-math-operations.js';
import { tensorOf, type OnnxOperation } from './onnx-operation.js';

const operations = new Map<string, OnnxOperation>(Object.entries({ ...mathOperations, ...arrayOperations }));

/**
 * Runs an ONNX graph operation by operation on the current TensorFlow.js backend, so that it can be differentiated. It has the
 * operations that text encoders are exported with; `OnnxModel` of `@cxr-align/onnx` is faster and has all.
 *
 * @example
 * const graph = await OnnxInterpreter.read('model.onnx');
 * const gradient = tf.grad((x) => tf.sum(graph.run({ x }, ['y'])[0]))(tf.ones([1, 4]));
 */
export class OnnxInterpreter {
  private readonly constants: Map<string, tf.Tensor>;
  private readonly makers: Map<string, OnnxNode>;

  private constructor(
    private readonly file: string,
    private readonly graph: Omit<OnnxGraph, 'constants'>,
    constants: OnnxGraph['constants'],
  ) {
    this.makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
    this.constants = new Map([...constants].map(([name, array]) => [name, tensorOf(array)]));
  }

  /** @throws {InputError} if the file is no ONNX model, or has an operation that is not implemented here. */
  static async read(file: string): Promise<OnnxInterpreter> {
    const { constants, ...graph } = await readOnnxGraph(file);
    const unknown = [...new Set(graph.nodes.map(({ operation }) => operation))].filter((name) => !operations.has(name));
    if (unknown.length > 0)
      throw new InputError(
        `expected operations that can be differentiated here, got ${unknown.join(', ')} too; export the model with others`,
        { file },
      );
    return new OnnxInterpreter(file, graph, constants);
  }

  get inputs(): readonly string[] {
    return this.graph.inputs;
  }

  get outputs(): readonly string[] {
    return this.graph.outputs;
  }

  get nodes(): readonly OnnxNode[] {
    return this.graph.nodes;
  }

  /**
   * @param values by name: inputs, or intermediate values, which are then not computed. Integers as int32.
   * @param outputs names of the values that are wanted, anywhere in the graph.
   * @returns them in that order. The caller owns them.
   * @throws {RangeError} if a value that is needed is neither given nor computed in the graph.
   */
  run(values: Readonly<Record<string, tf.Tensor>>, outputs: readonly string[]): tf.Tensor[] {
    return tf.tidy(() => {
      const known = new Map<string, tf.Tensor>([...this.constants, ...Object.entries(values)]);
      for (const node of this.needed(known, outputs)) {
        const made = operations.get(node.operation)!(
          node.inputs.map((name) => (name === '' ? undefined : known.get(name)!)),
          node,
        );
        (Array.isArray(made) ? made : [made]).forEach((tensor, i) => known.set(node.outputs[i], tensor));
      }
      // An operation may return its input: that belongs to the graph or to the caller.
      return outputs.map((name) => tf.clone(known.get(name)!));
    });
  }

  /** The operations from the known values to the outputs, in their order. */
  private needed(known: ReadonlyMap<string, tf.Tensor>, outputs: readonly string[]): OnnxNode[] {
    const wanted = new Set<OnnxNode>();
    const open = [...outputs];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (name === '' || known.has(name)) continue;
      const node = this.makers.get(name);
      if (!node)
        throw new RangeError(
          `text-encoder/OnnxInterpreter.run: expected ${name} to be given or computed in ${this.file}, got none; try its inputs ${this.inputs.join(', ')}`,
        );
      if (wanted.has(node)) continue;
      wanted.add(node);
      for (const input of node.inputs) open.push(input);
    }
    return this.graph.nodes.filter((node) => wanted.has(node));
  }

  dispose(): void {
    this.constants.forEach((tensor) => tensor.dispose());
  }
}
