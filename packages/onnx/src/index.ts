export { OnnxModel, type OnnxInputs, type OnnxOptions, type OnnxTensor } from './onnx-model.js';
