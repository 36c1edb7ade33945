import * as tf from '@tensorflow/tfjs-core';

/** An attribute of a TensorFlow operation. */
export interface Attribute {
  name: string;
  type: number;
  value: unknown;
}

type Place = string | number;

/** What the binding states about an output. */
interface TensorRecord {
  id: number;
  /** TensorFlow's number of it. */
  dtype: number;
}

/** What is requested of the binding; the properties of capital letters are numbers of types. */
export interface BindingMethods {
  createTensor: (shape: number[], type: number, values: ArrayLike<number>) => number;
  deleteTensor: (id: number) => void;
  tensorDataSync: (id: number) => ArrayLike<number>;
  executeOp: (name: string, attributes: Attribute[], inputs: number[], outputs: number) => TensorRecord[];
  /** Of a binding with our own C++ alone; places are names of operations and numbers of their outputs in turns. */
  addFunction: (name: string, graph: Uint8Array, inputs: Place[], outputs: Place[]) => void;
  removeFunction: (name: string) => void;
  /** Switches TF32 on or off, and returns whether it was on; undefined where the library has no such switch. */
  tensorFloat32?: (on?: boolean) => boolean | undefined;
}

export type NodeBinding = Record<string, number> & BindingMethods;

/** What the backend of the Node binding has beside TensorFlow.js's own operations. */
export interface NodeBackend {
  binding: NodeBinding;
  getInputTensorIds: (tensors: tf.Tensor[]) => number[];
  createOutputTensor: (output: TensorRecord) => tf.Tensor;
  /** `values` not yet handed to TensorFlow, or the `id` that it knows them by; −1 is none. */
  tensorMap: { get: (dataId: object) => { id: number; values: unknown; dtype: number } };
  executeSingleOutput: (name: string, attributes: Attribute[], inputs: tf.Tensor[]) => tf.Tensor;
  executeMultipleOutputs: (name: string, attributes: Attribute[], inputs: tf.Tensor[], outputs: number) => tf.Tensor[];
}

/** TensorFlow's numbers of types. */
const typeNumbers = { float32: 1, int32: 3, uint16: 17, uint32: 22, uint64: 23 };
type TypeName = keyof typeof typeNumbers;

/** The tensors of shapes that were requested; they stay, for a model has as many as layers. */
const shapeIds = new Map<string, number>();
const mostShapes = 1000;

/** Runs TensorFlow's own operations by name; only while the backend `tensorflow` is in use. */
export class Operations {
  private readonly backend = tf.backend() as unknown as NodeBackend;

  /** An operation with one output. The caller owns it. */
  one(name: string, inputs: tf.Tensor[], attributes: Attribute[] = [this.float()]): tf.Tensor {
    return this.backend.executeSingleOutput(name, attributes, inputs);
  }

  /** An operation without outputs. */
  none(name: string, inputs: tf.Tensor[], attributes: Attribute[]): void {
    this.backend.executeMultipleOutputs(name, attributes, inputs, 0);
  }

  /** An operation with several outputs. The caller owns them. */
  several(name: string, inputs: tf.Tensor[], attributes: Attribute[], outputs: number): tf.Tensor[] {
    return this.backend.executeMultipleOutputs(name, attributes, inputs, outputs);
  }

  /**
   * Runs operations one after the other whose outputs are of types that TensorFlow.js does not know; the last one's is of one that
   * it does.
   *
   * @param work calls `run` with inputs that are tensors or what `run` gave before, and the types that the operation requires.
   */
  chain(
    work: (run: (name: string, inputs: (tf.Tensor | number)[], types: Record<string, TypeName>) => number) => number,
  ): tf.Tensor {
    const { binding } = this.backend;
    const outputs: TensorRecord[] = [];
    work((name, inputs, types) => {
      const ids = inputs.map((one) => (typeof one === 'number' ? one : this.backend.getInputTensorIds([one])[0]));
      const attributes = Object.entries(types).map(([key, type]) => ({
        name: key,
        type: binding.TF_ATTR_TYPE,
        value: typeNumbers[type],
      }));
      const [output] = binding.executeOp(name, attributes, ids, 1);
      outputs.push(output);
      return outputs[outputs.length - 1].id;
    });
    const last = outputs.pop()!;
    for (const { id } of outputs) binding.deleteTensor(id);
    return this.backend.createOutputTensor(last);
  }

  /** A tensor of another shape on the same memory. The caller owns it. */
  reshape(x: tf.Tensor, shape: readonly number[]): tf.Tensor | undefined {
    const { binding } = this.backend;
    const types: Partial<Record<tf.DataType, number>> = { float32: binding.TF_FLOAT, int32: binding.TF_INT32 };
    const type = types[x.dtype];
    const ofShape = type === undefined ? undefined : this.shapeId(shape);
    if (ofShape === undefined) return undefined;
    const attributes = [
      { name: 'T', type: binding.TF_ATTR_TYPE, value: type },
      { name: 'Tshape', type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 },
    ];
    const [id] = this.backend.getInputTensorIds([x]);
    const [output] = binding.executeOp('Reshape', attributes, [id, ofShape], 1);
    return this.backend.createOutputTensor(output);
  }

  /** What TensorFlow knows the tensor of a shape by; undefined once there are so many that a model cannot be meant. */
  private shapeId(shape: readonly number[]): number | undefined {
    const key = shape.join();
    const known = shapeIds.get(key);
    if (known !== undefined || shapeIds.size >= mostShapes) return known;
    const { binding } = this.backend;
    const id = binding.createTensor([shape.length], binding.TF_INT32, Int32Array.from(shape));
    shapeIds.set(key, id);
    return id;
  }

  float(name = 'T'): Attribute {
    const { TF_ATTR_TYPE, TF_FLOAT } = this.backend.binding;
    return { name, type: TF_ATTR_TYPE, value: TF_FLOAT };
  }

  flag(name: string, value: boolean): Attribute {
    return { name, type: this.backend.binding.TF_ATTR_BOOL, value };
  }

  number(name: string, value: number): Attribute {
    return { name, type: this.backend.binding.TF_ATTR_FLOAT, value };
  }

  whole(name: string, value: number): Attribute {
    return { name, type: this.backend.binding.TF_ATTR_INT, value };
  }

  text(name: string, value: string): Attribute {
    return { name, type: this.backend.binding.TF_ATTR_STRING, value };
  }

  shape(name: string, value: number[]): Attribute {
    return { name, type: this.backend.binding.TF_ATTR_SHAPE, value };
  }

  /** Lets go of the memory behind a tensor that stays alive; {@link point} must give it another before it is used. */
  release({ dataId }: tf.Tensor): void {
    const info = this.backend.tensorMap.get(dataId);
    if (info.id >= 0) this.backend.binding.deleteTensor(info.id);
    info.id = -1;
  }

  /** Gives a tensor the memory of another one, which is disposed. */
  point({ dataId }: tf.Tensor, source: tf.Tensor): void {
    const [own, other] = [this.backend.tensorMap.get(dataId), this.backend.tensorMap.get(source.dataId)];
    own.id = other.id;
    own.values = null;
    other.id = -1;
    source.dispose();
  }
}
