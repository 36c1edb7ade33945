import type { Attribute } from '../tensorflow/operations.js';

/** An operation in a graph. */
export interface GraphNode {
  name: string;
  operation: string;
  attributes: readonly Attribute[];
  /** Outputs of other nodes, as `name:number`. */
  inputs: readonly string[];
  /** The value of a node of the operation Const; of float32 or int32. */
  constant?: { type: number; shape: readonly number[]; values: Float32Array | Int32Array };
}

/** The binding's numbers of attribute types. */
export type AttributeTypes = Record<`TF_ATTR_${'STRING' | 'INT' | 'FLOAT' | 'BOOL' | 'TYPE' | 'SHAPE'}`, number>;

/** The GraphDef version whose operations and defaults are meant. */
const producer = 1800;

/** Encodes a graph as a GraphDef protocol buffer. */
export function graphDef(nodes: readonly GraphNode[], types: AttributeTypes): Uint8Array {
  const graph = new Message();
  for (const { name, operation, attributes, inputs, constant } of nodes) {
    const node = new Message().text(1, name).text(2, operation);
    for (const input of inputs) node.text(3, input);
    for (const attribute of attributes)
      node.message(5, new Message().text(1, attribute.name).message(2, attributeValue(attribute, types)));
    if (constant)
      node.message(5, new Message().text(1, 'value').message(2, new Message().message(8, tensor(constant))));
    graph.message(1, node);
  }
  return graph.message(4, new Message().whole(1, producer)).bytes();
}

function attributeValue({ type, value }: Attribute, types: AttributeTypes): Message {
  const isList = Array.isArray(value) && type !== types.TF_ATTR_SHAPE;
  const values = (isList ? value : [value]) as unknown[];
  const message = new Message();
  for (const one of values) {
    if (type === types.TF_ATTR_STRING) message.text(2, one as string);
    else if (type === types.TF_ATTR_INT) message.whole(3, one as number);
    else if (type === types.TF_ATTR_FLOAT) message.float(4, one as number);
    else if (type === types.TF_ATTR_BOOL) message.whole(5, Number(one));
    else if (type === types.TF_ATTR_TYPE) message.whole(6, one as number);
    else if (type === types.TF_ATTR_SHAPE) message.message(7, shape(one as number[]));
    else
      throw new RangeError(
        `engine/graphDef: expected an attribute type of the binding, got ${type}; add it to graph-def.ts`,
      );
  }
  return isList ? new Message().message(1, message) : message;
}

/** A TensorProto. */
function tensor({ type, shape: extents, values }: NonNullable<GraphNode['constant']>): Message {
  const { buffer, byteOffset, byteLength } = values;
  return new Message()
    .whole(1, type)
    .message(2, shape(extents))
    .block(4, new Uint8Array(buffer, byteOffset, byteLength));
}

function shape(extents: readonly number[]): Message {
  const message = new Message();
  for (const extent of extents) message.message(2, new Message().whole(1, extent));
  return message;
}

/** Fields of protocol buffers, one after the other. */
class Message {
  private buffer = new Uint8Array(64);
  private size = 0;

  /** An integer between −2⁵³ and 2⁵³. */
  whole(field: number, value: number): this {
    return this.varint(field * 8).varint(value);
  }

  float(field: number, value: number): this {
    return this.varint(field * 8 + 5).append(new Uint8Array(Float32Array.of(value).buffer));
  }

  text(field: number, value: string): this {
    return this.block(field, Buffer.from(value));
  }

  message(field: number, { buffer, size }: Message): this {
    return this.block(field, buffer.subarray(0, size));
  }

  bytes(): Uint8Array {
    return this.buffer.slice(0, this.size);
  }

  block(field: number, bytes: Uint8Array): this {
    return this.varint(field * 8 + 2)
      .varint(bytes.length)
      .append(bytes);
  }

  private varint(value: number): this {
    let left = BigInt.asUintN(64, BigInt(value));
    const bytes = [];
    for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
    return this.append(Uint8Array.from([...bytes, Number(left)]));
  }

  private append(bytes: Uint8Array): this {
    if (this.size + bytes.length > this.buffer.length) {
      const larger = new Uint8Array(2 * (this.size + bytes.length));
      larger.set(this.buffer.subarray(0, this.size));
      this.buffer = larger;
    }
    this.buffer.set(bytes, this.size);
    this.size += bytes.length;
    return this;
  }
}
