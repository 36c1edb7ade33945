// `@cxr-align/image-backbone/images`: what needs no TensorFlow.js, for threads that decode.
export { decodeImage, encodePng, resizePixels, type Preprocessing } from './decode.js';
export { imageSize, readImage } from './image-file.js';
export { decodeDicom } from './dicom/decode-dicom.js';
export { drawMap, visibleWindow, type DrawnMap, type PixelWindow } from './draw-map.js';
export { loadImages, pixelStatistics, type ImageSet, type ImageSource, type LoadOptions } from './image-set.js';
export { augmentImage, type Augmentation } from './augment.js';
