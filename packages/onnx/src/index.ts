export {
  onnxDtype,
  readOnnxGraph,
  type OnnxArray,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
} from './onnx-graph.js';
export { OnnxModel, type OnnxData, type OnnxInputs, type OnnxOptions, type OnnxTensor } from './onnx-model.js';
export { OnnxInterpreter } from './interpreter/interpreter.js';
export type { Held } from './interpreter/held.js';
export { externalDataFiles } from './external-data.js';
export { replaceWeights } from './replace-weights.js';
export {
  writeOnnxModel,
  type WrittenAttribute,
  type WrittenModel,
  type WrittenNode,
  type WrittenValue,
} from './write-onnx.js';
export { OnnxGraphBuilder, type BuiltArray } from './graph-builder.js';
