import type { Preprocessing } from '@cxr-align/image-backbone';
import type { ModelConfig } from '../model-config.js';

/** How the images of a trained image encoder become squares of some size. */
export function preprocessingOf({ fit, bits }: ModelConfig['image'], size: number): Preprocessing {
  return { size, fit, ...(bits > 0 && { bits }) };
}
