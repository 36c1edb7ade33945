import { InputError } from '@cxr-align/files';
import * as tf from '@tensorflow/tfjs-core';
import { readGraphFile, type GraphFile, type GraphNode } from './graph-file.js';
import { operations, tensorOf } from './operations.js';

/**
 * A model in an ONNX file, run operation by operation on the engine of TensorFlow.js that has been started, so that it can be
 * differentiated. It knows the operations that text encoders are exported with; for speed there is `OnnxModel`.
 *
 * @example
 * const graph = await OnnxGraph.read('model.onnx');
 * const slope = tf.grad((x) => tf.sum(graph.run({ x }, ['y'])[0]))(tf.ones([1, 4]));
 */
export class OnnxGraph {
  private readonly constants: Map<string, tf.Tensor>;
  private readonly makers: Map<string, GraphNode>;

  private constructor(
    private readonly file: string,
    private readonly graph: Omit<GraphFile, 'constants'>,
    constants: GraphFile['constants'],
  ) {
    this.makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
    this.constants = new Map([...constants].map(([name, array]) => [name, tensorOf(array)]));
  }

  /** @throws {InputError} if it is no ONNX model, or has an operation that is not known here. */
  static async read(file: string): Promise<OnnxGraph> {
    const { constants, ...graph } = await readGraphFile(file);
    const strange = [...new Set(graph.nodes.map(({ operation }) => operation))].filter((name) => !(name in operations));
    if (strange.length > 0)
      throw new InputError(
        `expected operations that can be differentiated here, got ${strange.join(', ')} too; export the model with others`,
        { file },
      );
    return new OnnxGraph(file, graph, constants);
  }

  get inputs(): readonly string[] {
    return this.graph.inputs;
  }

  get outputs(): readonly string[] {
    return this.graph.outputs;
  }

  get nodes(): readonly GraphNode[] {
    return this.graph.nodes;
  }

  /**
   * @param values by name: of inputs, or of anything between, which is then not computed. Whole numbers as int32.
   * @param outputs names of what is wanted, anywhere in the graph.
   * @returns them in that order. The caller owns them, inside `tf.tidy` as ever.
   * @throws {RangeError} if a value that is needed is neither given nor made in the graph.
   */
  run(values: Readonly<Record<string, tf.Tensor>>, outputs: readonly string[]): tf.Tensor[] {
    return tf.tidy(() => {
      const known = new Map<string, tf.Tensor>([...this.constants, ...Object.entries(values)]);
      for (const node of this.needed(known, outputs)) {
        const made = operations[node.operation](
          node.inputs.map((name) => (name === '' ? undefined : known.get(name)!)),
          node,
        );
        (Array.isArray(made) ? made : [made]).forEach((tensor, i) => known.set(node.outputs[i], tensor));
      }
      // An operation may hand on what was given: that stays the graph's or the caller's.
      return outputs.map((name) => tf.clone(known.get(name)!));
    });
  }

  /** The operations between what is known and what is wanted, in their order. */
  private needed(known: ReadonlyMap<string, tf.Tensor>, outputs: readonly string[]): GraphNode[] {
    const wanted = new Set<GraphNode>();
    const open = [...outputs];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (name === '' || known.has(name)) continue;
      const node = this.makers.get(name);
      if (!node)
        throw new RangeError(
          `onnx/OnnxGraph.run: expected ${name} to be given or made in ${this.file}, got none; its inputs are ${this.inputs.join(', ')}`,
        );
      if (wanted.has(node)) continue;
      wanted.add(node);
      open.push(...node.inputs);
    }
    return this.graph.nodes.filter((node) => wanted.has(node));
  }

  dispose(): void {
    this.constants.forEach((tensor) => tensor.dispose());
  }
}
