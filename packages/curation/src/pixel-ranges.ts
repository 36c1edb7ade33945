import type { ImageFacts } from './image-facts.js';

type ReadImage = Extract<ImageFacts, { hash: unknown }>;

/** Images whose pixels are stored alike. */
export interface PixelRange {
  isDicom: boolean;
  kind: 'unsigned' | 'signed' | 'float';
  /** Bits in use; null where each image is scaled from its own smallest to its own largest value. */
  bitsUsed: number | null;
  images: number;
  /** The first of them. */
  examples: string[];
}

/** How the pixels of a data set are stored. */
export interface PixelRanges {
  /** The most frequent first. */
  groups: PixelRange[];
  /** What is wrong with them together: ranges are mixed, or each image has its own; null if nothing is. */
  warning: string | null;
  /** What of the files departs from their standard, and of how many. */
  remarks: Record<string, number>;
}

/** Images of a group that are named. */
const named = 3;

/**
 * Counts images by how their pixels are stored. A set mixes ranges where files that are not DICOM use different bits, or are scaled by
 * their own smallest and largest value: the same exposure then becomes different grey values. DICOM headers have the scale.
 */
export function summarizePixelRanges(images: readonly Pick<ReadImage, 'id' | 'stored'>[]): PixelRanges {
  const byKey = new Map<string, PixelRange>();
  const remarks: Record<string, number> = {};
  for (const { id, stored } of images) {
    const { isDicom, kind, bitsUsed = null } = stored;
    const key = `${isDicom} ${kind} ${bitsUsed}`;
    const group = byKey.get(key) ?? { isDicom, kind, bitsUsed, images: 0, examples: [] };
    byKey.set(key, group);
    group.images++;
    if (group.examples.length < named) group.examples.push(id);
    for (const remark of stored.remarks) remarks[remark] = (remarks[remark] ?? 0) + 1;
  }
  const groups = [...byKey.values()].sort((a, b) => b.images - a.images);
  return { groups, warning: warningOf(groups.filter(({ isDicom }) => !isDicom)), remarks };
}

/** Whole numbers from 0 on are scaled by their bits; others by what each file holds. */
function warningOf(groups: readonly PixelRange[]): string | null {
  const own = groups.filter(({ bitsUsed }) => bitsUsed === null).reduce((sum, { images }) => sum + images, 0);
  const all = groups.reduce((sum, { images }) => sum + images, 0);
  if (groups.length > 1) {
    const most = Math.max(...groups.map(({ bitsUsed }) => bitsUsed ?? 0));
    const hint =
      own === 0 && groups.every(({ bitsUsed }) => bitsUsed !== 8)
        ? `if one detector made them, train with image.bits=${most}`
        : 'export all of them in one way';
    return `the set mixes ranges of pixel values: ${groups.map(describePixelRange).join('; ')}; each file is scaled by its own range, so that equal exposures become different grey values: ${hint}`;
  }
  return own > 1 && own === all
    ? `each of ${own} images may be scaled from its own smallest to its own largest value, so that equal exposures become different grey values: export whole numbers from 0 on`
    : null;
}

/** One group in words: `12 bits of 16-bit files: 80 images (a.png, b.png, …)`. */
export function describePixelRange({ isDicom, kind, bitsUsed, images, examples }: PixelRange): string {
  const what =
    bitsUsed === null
      ? `${kind === 'float' ? 'fractions' : `${kind} numbers`}, scaled by each file`
      : `${bitsUsed} bits used`;
  const shown = `${examples.join(', ')}${images > examples.length ? ', …' : ''}`;
  return `${isDicom ? `DICOM, ${kind}, ` : ''}${what}: ${images} ${images === 1 ? 'image' : 'images'} (${shown})`;
}
