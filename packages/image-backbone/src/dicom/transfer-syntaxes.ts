/** How the pixels of a transfer syntax are told: as they are, or by which decoder. */
export type PixelCoding = 'little-endian' | 'big-endian' | 'jpeg' | 'jpeg-lossless' | 'jpeg-ls' | 'jpeg-2000' | 'rle';

/** The transfer syntaxes that are read; everything else is refused by name. */
export const transferSyntaxes: ReadonlyMap<string, { name: string; coding: PixelCoding }> = new Map([
  ['1.2.840.10008.1.2', { name: 'Implicit VR Little Endian', coding: 'little-endian' }],
  ['1.2.840.10008.1.2.1', { name: 'Explicit VR Little Endian', coding: 'little-endian' }],
  ['1.2.840.10008.1.2.1.99', { name: 'Deflated Explicit VR Little Endian', coding: 'little-endian' }],
  ['1.2.840.10008.1.2.2', { name: 'Explicit VR Big Endian', coding: 'big-endian' }],
  ['1.2.840.10008.1.2.4.50', { name: 'JPEG Baseline', coding: 'jpeg' }],
  ['1.2.840.10008.1.2.4.57', { name: 'JPEG Lossless', coding: 'jpeg-lossless' }],
  ['1.2.840.10008.1.2.4.70', { name: 'JPEG Lossless, first-order prediction', coding: 'jpeg-lossless' }],
  ['1.2.840.10008.1.2.4.80', { name: 'JPEG-LS Lossless', coding: 'jpeg-ls' }],
  ['1.2.840.10008.1.2.4.81', { name: 'JPEG-LS Near-lossless', coding: 'jpeg-ls' }],
  ['1.2.840.10008.1.2.4.90', { name: 'JPEG 2000 Lossless', coding: 'jpeg-2000' }],
  ['1.2.840.10008.1.2.4.91', { name: 'JPEG 2000', coding: 'jpeg-2000' }],
  ['1.2.840.10008.1.2.5', { name: 'RLE Lossless', coding: 'rle' }],
]);

/** Names of some that are not read, for the message. */
export const otherSyntaxes: ReadonlyMap<string, string> = new Map([
  ['1.2.840.10008.1.2.4.51', 'JPEG Extended (12 bit)'],
  ['1.2.840.10008.1.2.4.201', 'High-Throughput JPEG 2000 Lossless'],
  ['1.2.840.10008.1.2.4.202', 'High-Throughput JPEG 2000 RPCL Lossless'],
  ['1.2.840.10008.1.2.4.203', 'High-Throughput JPEG 2000'],
  ['1.2.840.10008.1.2.4.100', 'MPEG-2'],
  ['1.2.840.10008.1.2.4.102', 'MPEG-4'],
]);
