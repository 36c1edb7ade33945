import { InputError } from '@cxr-align/files';
import type { FeatureLayout } from './feature-index.js';

/** The largest float16. */
export const largestFloat16 = 65_504;

/** The first number of some features that no training can take, and why; undefined where all are sound. */
export function featureFault(
  features: ArrayLike<number>,
  dtype: FeatureLayout['dtype'],
): { at: number; value: number; isTooLarge: boolean } | undefined {
  for (let at = 0; at < features.length; at++) {
    const value = features[at];
    if (value - value !== 0) return { at, value, isTooLarge: false };
    if (dtype === 'float16' && Math.abs(value) > largestFloat16) return { at, value, isTooLarge: true };
  }
  return undefined;
}

/** @throws {InputError} naming the image, if one of its features is NaN, infinite, or more than the store's numbers hold. */
export function refuseFeatures(
  features: ArrayLike<number>,
  {
    dtype,
    perImage,
    idOf,
    file,
  }: { dtype: FeatureLayout['dtype']; perImage: number; idOf: (image: number) => string; file: string },
): void {
  const fault = featureFault(features, dtype);
  if (!fault) return;
  const id = idOf(Math.floor(fault.at / perImage));
  throw new InputError(
    fault.isTooLarge
      ? `expected features of at most ${largestFloat16}, the largest float16, got ${fault.value} of ${id}; extract into another folder as float32 (dtype)`
      : `expected finite features, got ${fault.value} of ${id}; correct the image or the encoder, and extract again into another folder, as float32 (dtype) if the features are large`,
    { file },
  );
}
