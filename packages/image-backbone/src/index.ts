export * from './images.js';
export { imageBatch, type BatchAugmentation, type PixelScale } from './image-batch.js';
export {
  ConvEncoder,
  PatchEncoder,
  StandardizedFeatures,
  type ConvEncoderOptions,
  type ImageEncoder,
  type PatchEncoderOptions,
} from './encoders.js';
export type { EncoderPreprocessing, FrozenFeatures, FrozenImageEncoder } from './frozen/frozen-encoder.js';
export { OnnxImageEncoder } from './frozen/onnx-encoder.js';
export { TensorflowImageEncoder } from './frozen/tensorflow-encoder.js';
export {
  DenseSplitter,
  QuerySplitter,
  type DenseSplitterOptions,
  type LabelEmbeddings,
  type QuerySplitterOptions,
} from './splitters.js';
export { HeadScore, SimilarityScore, type HeadOutput, type HeadScoreOptions } from './scores.js';
