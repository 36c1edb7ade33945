export {
  augmentImage,
  chestFilm,
  decodeDicom,
  decodeImage,
  dicomFacts,
  drawMap,
  encodePng,
  imageFileExists,
  imageFileSize,
  imageSize,
  isNamedLikeDicom,
  loadImages,
  lumaOf,
  pixelFacts,
  pixelStatistics,
  readDicomFacts,
  readImage,
  resizePixels,
  visibleWindow,
  type Augmentation,
  type ChestFilm,
  type DicomFacts,
  type DrawnMap,
  type ImageSet,
  type ImageSource,
  type LoadOptions,
  type PixelFacts,
  type PixelWindow,
  type Preprocessing,
} from './images.js';
export { changedView, imageBatch, type BatchAugmentation, type PixelScale } from './image-batch.js';
export {
  ConvEncoder,
  PatchEncoder,
  StandardizedFeatures,
  type ConvEncoderOptions,
  type ImageEncoder,
  type PatchEncoderOptions,
} from './encoders.js';
export { writeImageEncoder } from './write-encoder.js';
export type { EncoderPreprocessing, FrozenFeatures, FrozenImageEncoder } from './frozen/frozen-encoder.js';
export {
  imageEncoderKinds,
  openImageEncoder,
  registerImageEncoder,
  type OpenImageEncoder,
} from './frozen/encoder-registry.js';
export { OnnxImageEncoder } from './frozen/onnx-encoder.js';
export { TensorflowImageEncoder } from './frozen/tensorflow-encoder.js';
export { TunableEncoder } from './tuned/tunable-encoder.js';
export {
  tuneModes,
  type ChosenWeights,
  type TunableWeight,
  type TuneMode,
  type TuneOptions,
} from './tuned/tunable-weights.js';
export {
  DenseLabelDecoder,
  QueryLabelDecoder,
  type DenseLabelDecoderOptions,
  type LabelEmbeddings,
  type QueryLabelDecoderOptions,
} from './label-decoders.js';
export {
  ClassificationHead,
  SimilarityHead,
  type ClassificationOutput,
  type ClassificationHeadOptions,
} from './heads.js';
