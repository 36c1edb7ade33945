import type { Kernel } from './preparation.js';

/** What an image processor of the transformers library does where its file does not say. */
export interface ProcessorDefaults {
  /** What a size that is one number, or `shortest_edge`, means: both sides, or the shorter one. */
  size: 'square' | 'shortest';
  kernel: Kernel;
  crop: boolean;
  mean: readonly number[];
  std: readonly number[];
  /** Part of the resized image that stays. */
  cropShare?: number;
}

const half = { mean: [0.5], std: [0.5] };
const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const clip = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
};
const none = { mean: [0], std: [1] };

/** Files without a type: height and width are both sides, a crop cuts the middle. */
export const plainProcessor: ProcessorDefaults = { size: 'square', kernel: 'linear', crop: false, ...none };

/**
 * By their names without ImageProcessor, FeatureExtractor, Fast or Pil.
 *
 * @see transformers 4.46.3, models/…/image_processing_….py; DINOv3ViT: 4.56.
 */
export const imageProcessors: Readonly<Record<string, ProcessorDefaults>> = {
  Beit: { size: 'square', kernel: 'cubic', crop: true, ...half },
  Bit: { size: 'shortest', kernel: 'cubic', crop: true, ...clip },
  Blip: { size: 'square', kernel: 'cubic', crop: false, ...clip },
  CLIP: { size: 'shortest', kernel: 'cubic', crop: true, ...clip },
  ConvNext: { size: 'shortest', kernel: 'linear', crop: false, cropShare: 224 / 256, ...half },
  DPT: { size: 'square', kernel: 'cubic', crop: false, ...half },
  DeiT: { size: 'square', kernel: 'cubic', crop: true, ...half },
  DINOv3ViT: { size: 'square', kernel: 'linear', crop: false, ...imagenet },
  EfficientNet: { size: 'square', kernel: 'nearest', crop: false, ...half },
  Flava: { size: 'square', kernel: 'cubic', crop: true, ...clip },
  Levit: { size: 'shortest', kernel: 'cubic', crop: true, ...imagenet },
  MobileNetV1: { size: 'shortest', kernel: 'linear', crop: true, ...half },
  MobileNetV2: { size: 'shortest', kernel: 'linear', crop: true, ...half },
  MobileViT: { size: 'shortest', kernel: 'linear', crop: true, ...none },
  PoolFormer: { size: 'shortest', kernel: 'cubic', crop: true, cropShare: 0.9, ...imagenet },
  Pvt: { size: 'square', kernel: 'linear', crop: false, ...imagenet },
  Segformer: { size: 'square', kernel: 'linear', crop: false, ...imagenet },
  Siglip: { size: 'square', kernel: 'cubic', crop: false, ...half },
  ViT: { size: 'square', kernel: 'linear', crop: false, ...half },
  ViTHybrid: { size: 'shortest', kernel: 'cubic', crop: true, ...clip },
};
