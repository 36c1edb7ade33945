import type { OnnxInterpreter, OnnxNode } from '@cxr-align/onnx';

/** What of a frozen encoder is trained. */
export const tuneModes = ['norms', 'last', 'lora'] as const;
export type TuneMode = (typeof tuneModes)[number];

/** How a frozen encoder is tuned. */
export interface TuneOptions {
  /**
   * `norms`: scale and offset of its norms, and the offsets of its convolutions where it has no norm of its own; `last`: all weights
   * from one of its last layers on; `lora`: low-rank updates of its matrices and convolutions of one pixel.
   */
  mode: TuneMode;
  /** The last layers with weights that are tuned. Default 4 of `last`, all of the others. */
  layers?: number;
  /** Rank of the updates of `lora`. Default 4. */
  rank?: number;
}

/** A weight of the file that is trained: each number of it, or a low-rank update of the matrix that it is. */
export interface TunableWeight {
  /** Its name in the file. */
  name: string;
  shape: number[];
  /** Extents of the matrix, where an update of it is trained. */
  matrix?: [number, number];
}

/** What is trained, and what there is. */
export interface ChosenWeights {
  weights: TunableWeight[];
  /** Layers with weights, and those of them that are tuned. */
  layers: number;
  tunedLayers: number;
  /** Operations that have weights of another kind, which are not tuned, with their counts. */
  others: Map<string, number>;
}

/** Inputs of a norm that are its scale and its offset. */
const norms: Readonly<Record<string, readonly number[]>> = {
  BatchNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  LayerNormalization: [1, 2],
};

/** A layer: an operation that multiplies by stored weights. */
interface Layer {
  node: OnnxNode;
  at: number;
  weight: string;
}

/** @param nodes the operations that lead to the wanted output, in their order. */
export function tunableWeights(
  graph: OnnxInterpreter,
  nodes: readonly OnnxNode[],
  { mode, layers: wanted = mode === 'last' ? 4 : Infinity }: TuneOptions,
): ChosenWeights {
  const others = new Map<string, number>();
  const layers: Layer[] = [];
  nodes.forEach((node, at) => {
    const weight = weightOf(graph, node);
    if (weight !== undefined && graph.isStoredFloat32(weight)) layers.push({ node, at, weight });
    else if (weight !== undefined) others.set(node.operation, (others.get(node.operation) ?? 0) + 1);
  });
  const chosen = layers.slice(Math.max(0, layers.length - wanted));
  const from = chosen[0]?.at ?? 0;
  const names = new Set<string>();
  const add = (name: string | undefined): void => {
    if (name !== undefined && name !== '' && graph.isStoredFloat32(name) && graph.constant(name)) names.add(name);
  };
  if (mode === 'lora') {
    for (const { weight } of chosen) if (matrixOf(graph.constant(weight)!.shape)) names.add(weight);
  } else {
    const within = nodes.slice(from);
    within.forEach((node) => norms[node.operation]?.forEach((input) => add(node.inputs[input])));
    decomposedNorms(graph, within).forEach(add);
    const hasNorms = names.size > 0;
    if (mode === 'last') chosen.forEach(({ weight }) => names.add(weight));
    if (mode === 'last' || !hasNorms) chosen.forEach(({ node }) => add(biasOf(graph, node, within)));
  }
  return {
    weights: [...names].map((name) => {
      const { shape } = graph.constant(name)!;
      return { name, shape: [...shape], ...(mode === 'lora' && { matrix: matrixOf(shape) }) };
    }),
    layers: layers.length,
    tunedLayers: chosen.length,
    others,
  };
}

/** The name of the weights that an operation multiplies by: constants of the file, or what is computed of them alone. */
function weightOf(graph: OnnxInterpreter, { operation, inputs }: OnnxNode): string | undefined {
  if (operation === 'Conv' || operation === 'Gemm') return inputs[1];
  if (operation !== 'MatMul') return undefined;
  return [inputs[1], inputs[0]].find((name) => graph.constant(name) !== undefined);
}

/** The offset of a layer: its own input, or the constant that is added to its product. */
function biasOf(
  graph: OnnxInterpreter,
  { operation, inputs, outputs }: OnnxNode,
  nodes: readonly OnnxNode[],
): string | undefined {
  if (operation !== 'MatMul') return inputs[2];
  const sum = nodes.find((node) => node.operation === 'Add' && node.inputs.includes(outputs[0]));
  return sum?.inputs.find((name) => (graph.constant(name)?.rank ?? 0) >= 1);
}

/** Scale and offset of norms that exporters write as single operations: (x − mean) / √… · scale + offset. */
function decomposedNorms(graph: OnnxInterpreter, nodes: readonly OnnxNode[]): string[] {
  const quotients = new Set(nodes.flatMap(({ operation, outputs }) => (operation === 'Div' ? outputs : [])));
  const isStored = (name: string): boolean => (graph.constant(name)?.size ?? 0) > 1;
  return nodes.flatMap((node) => {
    if (node.operation !== 'Mul' || !node.inputs.some((name) => quotients.has(name))) return [];
    const scale = node.inputs.find(isStored);
    if (scale === undefined) return [];
    const sum = nodes.find(({ operation, inputs }) => operation === 'Add' && inputs.includes(node.outputs[0]));
    return [scale, ...(sum?.inputs.filter(isStored) ?? [])];
  });
}

/** The extents of weights that are a matrix: one, or a convolution of one pixel over all channels. */
function matrixOf(shape: readonly number[]): [number, number] | undefined {
  if (shape.slice(2).some((extent) => extent !== 1) || shape.length < 2) return undefined;
  const [rows, columns] = shape;
  return rows > 1 && columns > 1 ? [rows, columns] : undefined;
}

/**
 * The last single value through which everything flows before some weights are used, so that what is before it can be computed
 * without gradients; undefined where that is the image itself.
 *
 * @param options.image the name of the image.
 * @param options.outputs names of what is wanted.
 * @param options.weights names of the weights.
 */
export function valueBefore(
  nodes: readonly OnnxNode[],
  { image, outputs, weights }: { image: string; outputs: readonly string[]; weights: ReadonlySet<string> },
): string | undefined {
  const made = new Map(nodes.flatMap((node, at) => node.outputs.map((name) => [name, at] as const)));
  const first = nodes.findIndex(({ inputs }) => inputs.some((name) => weights.has(name)));
  for (let at = first; at > 0; at--) {
    const after = [...nodes.slice(at).flatMap(({ inputs }) => inputs), ...outputs];
    const needed = new Set(after.filter((name) => name === image || (made.get(name) ?? Infinity) < at));
    if (needed.size === 1 && !needed.has(image)) return [...needed][0];
  }
  return undefined;
}
