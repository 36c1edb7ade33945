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
