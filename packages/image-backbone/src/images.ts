// `@cxr-align/image-backbone/images`: what needs no TensorFlow.js, for threads that decode.
export { decodeImage, encodePng, resizePixels, type Preprocessing } from './decode.js';
export { lumaOf } from './luma.js';
export { imageFileExists, imageFileSize, imageSize, readImage } from './image-file.js';
export { decodeDicom } from './dicom/decode-dicom.js';
export { isDicom } from './dicom/open-dicom.js';
export { dicomFacts, type DicomFacts } from './dicom/dicom-facts.js';
export { dicomValues, type DicomValues } from './dicom/dicom-values.js';
export { isNamedLikeDicom, readDicomFacts } from './read-dicom-facts.js';
export { chestFilm, type ChestFilm } from './dicom/chest-film.js';
export { pixelFacts, type PixelFacts } from './pixel-facts.js';
export { drawMap, mapColours, visibleWindow, type ColourImage, type DrawnMap, type PixelWindow } from './draw-map.js';
export { loadImages, pixelStatistics, type ImageSet, type LoadOptions } from './image-set.js';
export { type ImageSource } from './image-source.js';
export { augmentImage, type Augmentation } from './augment.js';
