import { lumaOf } from '@cxr-align/image-backbone/images';

/** Pixels in memory. */
export interface PixelImage {
  /**
   * Values in [0, 255] row by row from the top left: [height, width] of grey, [height, width, 3] of RGB, or [height, width, 4] of
   * RGBA that is opaque, such as a canvas's `ImageData`. Colour becomes its ITU-R 601 luma.
   */
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
}

/** An image: the path of a file, the bytes of a file (PNG, JPEG, TIFF, WebP, DICOM), or pixels. */
export type ImageSource = string | Uint8Array | PixelImage;

/** Grey values in memory. */
export interface GreyImage extends PixelImage {
  data: Uint8Array;
}

const where = 'classifier/Predictor.predict';

/**
 * The grey values of pixels in memory. Values that are grey already are not copied.
 *
 * @throws {TypeError} if it is no image, or its values are not bytes.
 * @throws {RangeError} if the sizes do not fit each other, or pixels are transparent.
 */
export function greyImage(image: PixelImage): GreyImage {
  if (typeof image !== 'object' || image === null)
    throw new TypeError(
      `${where}: expected an image as a path, bytes or { data, width, height }, got ${image === null ? 'null' : typeof image}`,
    );
  const { data, width, height } = image;
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray))
    throw new TypeError(
      `${where}: expected pixels as a Uint8Array or Uint8ClampedArray, got ${data === undefined ? 'none' : Object.prototype.toString.call(data).slice(8, -1)}; scale the values to [0, 255]`,
    );
  if (![width, height].every((extent) => Number.isInteger(extent) && extent > 0))
    throw new RangeError(`${where}: expected width and height of 1 or more pixels, got ${width} × ${height}`);
  const channels = data.length / (width * height);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
  if (channels === 1) return { data: bytes, width, height };
  if (channels !== 3 && channels !== 4)
    throw new RangeError(
      `${where}: expected 1, 3 or 4 values a pixel of ${width} × ${height}, got ${data.length} values; pass the size that belongs to the data`,
    );
  if (channels === 4 && bytes.some((value, at) => at % 4 === 3 && value !== 255))
    throw new RangeError(
      `${where}: expected opaque pixels, got transparent ones; draw the image on a background first`,
    );
  return { data: lumaOf(bytes, { channels }), width, height };
}
