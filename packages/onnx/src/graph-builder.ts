import {
  writeOnnxModel,
  type WrittenAttribute,
  type WrittenModel,
  type WrittenNode,
  type WrittenValue,
} from './write-onnx.js';

/** An array of a graph: numbers row by row, int32 for shapes and axes. */
export interface BuiltArray {
  shape: readonly number[];
  data: Float32Array | Int32Array;
}

/**
 * Collects the operations and weights of a graph, part by part of a model, and writes them as an ONNX file.
 *
 * @example
 * const graph = new OnnxGraphBuilder('scaled');
 * const x = graph.input('x', ['batch', 3]);
 * graph.output(graph.add('Mul', [x, graph.constant('scale', { shape: [3], data: Float32Array.of(1, 2, 3) })]), 'y', ['batch', 3]);
 * const file = await graph.write();
 */
export class OnnxGraphBuilder {
  private readonly inputs: WrittenValue[] = [];
  private readonly outputs: WrittenValue[] = [];
  private readonly nodes: WrittenNode[] = [];
  private readonly constants: WrittenModel['constants'] & Map<string, { shape: number[]; data: BuiltArray['data'] }> =
    new Map();

  constructor(private readonly name: string) {}

  /** Adds an input of float32. @param shape extents, and names of open ones. @returns its name. */
  input(name: string, shape: readonly (number | string)[]): string {
    this.inputs.push({ name, shape });
    return name;
  }

  /** Adds weights by a name of their own. @returns the name. @throws {RangeError} if it is taken. */
  constant(name: string, { shape, data }: BuiltArray): string {
    if (this.constants.has(name))
      throw new RangeError(`onnx/OnnxGraphBuilder.constant: expected a new name, got ${name} again; use another`);
    this.constants.set(name, { shape: [...shape], data });
    return name;
  }

  /** Whole numbers, which are written once. @returns their name. */
  integers(...values: number[]): string {
    const name = `integers/${values.join('_')}`;
    return this.constants.has(name)
      ? name
      : this.constant(name, { shape: [values.length], data: Int32Array.from(values) });
  }

  /** Adds an operation. @returns the name of its first output. */
  add(
    operation: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, WrittenAttribute>> = {},
  ): string {
    return this.addEach(operation, inputs, 1, attributes)[0];
  }

  /** Adds an operation of several outputs. @returns their names. */
  addEach(
    operation: string,
    inputs: readonly string[],
    count: number,
    attributes: Readonly<Record<string, WrittenAttribute>> = {},
  ): string[] {
    const outputs = Array.from(
      { length: count },
      (_, i) => `${this.nodes.length}/${operation}${i === 0 ? '' : `/${i}`}`,
    );
    this.nodes.push({ operation, inputs, outputs, attributes });
    return outputs;
  }

  /** Names a value as an output of float32. */
  output(value: string, name: string, shape: readonly (number | string)[]): void {
    this.nodes.push({ operation: 'Identity', inputs: [value], outputs: [name] });
    this.outputs.push({ name, shape });
  }

  /** The file. */
  write(): Promise<Uint8Array> {
    const { name, inputs, outputs, nodes, constants } = this;
    return writeOnnxModel({ name, inputs, outputs, nodes, constants });
  }
}
