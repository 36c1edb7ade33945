/** How pixel data are encoded: as plain numbers, or by which decoder they are read. */
export type PixelCoding = 'little-endian' | 'big-endian' | 'jpeg' | 'jpeg-lossless' | 'jpeg-ls' | 'jpeg-2000' | 'rle';

/** A transfer syntax that is read. */
export interface TransferSyntax {
  name: string;
  coding: PixelCoding;
}

/** Unique identifiers of the transfer syntaxes that are named in code. */
export const syntaxUids = {
  implicitLittleEndian: '1.2.840.10008.1.2',
  explicitLittleEndian: '1.2.840.10008.1.2.1',
  deflated: '1.2.840.10008.1.2.1.99',
  explicitBigEndian: '1.2.840.10008.1.2.2',
} as const;

/** The transfer syntaxes that are read; everything else is refused by name. */
export const transferSyntaxes: ReadonlyMap<string, TransferSyntax> = new Map([
  ['1.2.840.10008.1.2', { name: 'Implicit VR Little Endian', coding: 'little-endian' }],
  ['1.2.840.10008.1.2.1', { name: 'Explicit VR Little Endian', coding: 'little-endian' }],
  ['1.2.840.10008.1.2.1.99', { name: 'Deflated Explicit VR Little Endian', coding: 'little-endian' }],
  ['1.2.840.10008.1.2.2', { name: 'Explicit VR Big Endian', coding: 'big-endian' }],
  ['1.2.840.10008.1.2.4.50', { name: 'JPEG Baseline', coding: 'jpeg' }],
  ['1.2.840.10008.1.2.4.51', { name: 'JPEG Extended', coding: 'jpeg' }],
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
  ['1.2.840.10008.1.2.4.201', 'High-Throughput JPEG 2000 Lossless'],
  ['1.2.840.10008.1.2.4.202', 'High-Throughput JPEG 2000 RPCL Lossless'],
  ['1.2.840.10008.1.2.4.203', 'High-Throughput JPEG 2000'],
  ['1.2.840.10008.1.2.4.92', 'JPEG 2000 Multi-component Lossless'],
  ['1.2.840.10008.1.2.4.93', 'JPEG 2000 Multi-component'],
  ['1.2.840.10008.1.2.4.94', 'JPIP Referenced'],
  ['1.2.840.10008.1.2.4.95', 'JPIP Referenced Deflate'],
  ['1.2.840.10008.1.2.4.100', 'MPEG-2'],
  ['1.2.840.10008.1.2.4.101', 'MPEG-2 High Level'],
  ['1.2.840.10008.1.2.4.102', 'MPEG-4'],
  ['1.2.840.10008.1.2.4.103', 'MPEG-4 BD-compatible'],
  ['1.2.840.10008.1.2.4.107', 'HEVC'],
  ['1.2.840.10008.1.2.4.108', 'HEVC 10 bit'],
  ['1.2.840.113619.5.2', 'GE Private Implicit VR Big Endian'],
]);
