import type { Dataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { pixelFacts } from '@cxr-align/image-backbone';
import type { Config } from '../config/config.js';

/** Images whose pixel values are examined before a training. */
const examined = 32;

/**
 * A remark where the images of a data set use different bits, or are scaled by their own smallest and largest values, as far as 32
 * of them, evenly spaced, show it; undefined where they do not, or `image.bits` gives one scale. DICOM headers have the scale, and
 * files that cannot be read are reported when they are decoded.
 */
export async function mixedRangesRemark(
  { samples }: Pick<Dataset, 'samples'>,
  { image, encoder }: Pick<Config, 'image' | 'encoder'>,
): Promise<string | undefined> {
  const isFrozen = encoder.kind === 'frozen';
  if (image.bits > 0 && !isFrozen) return undefined;
  const every = Math.max(1, Math.ceil(samples.length / examined));
  const chosen = samples.filter(({ image: source }, at) => at % every === 0 && typeof source === 'string');
  const found = await Promise.all(chosen.map(({ image: source }) => bitsOf(source as string)));
  const counts = new Map<number | 'own', number>();
  for (const bits of found) if (bits !== undefined) counts.set(bits, (counts.get(bits) ?? 0) + 1);
  const seen = [...counts].sort(([, a], [, b]) => b - a);
  if (seen.length < 2) return undefined;
  const all = seen.reduce((sum, [, count]) => sum + count, 0);
  const shown = seen.map(([bits, count]) =>
    bits === 'own' ? `${count} numbers of a range of their own` : `${count} use ${bits} bits`,
  );
  const numbers = [...counts.keys()].filter((bits) => bits !== 'own');
  const hasOneScale = !isFrozen && numbers.length === counts.size && !counts.has(8);
  const hint = hasOneScale
    ? `if one detector made them, image.bits=${Math.max(...numbers)} gives them one scale`
    : 'export all of them in one way';
  return `warning: the images mix ranges of pixel values (of ${all} examined, ${shown.join(', ')}), and each is scaled by its own: equal exposures become different grey values; ${hint}`;
}

/** The bits that a file uses; `own` where it is scaled by its own values; undefined of DICOM and what cannot be read. */
async function bitsOf(file: string): Promise<number | 'own' | undefined> {
  try {
    const { isDicom, bitsUsed } = await pixelFacts(file);
    return isDicom ? undefined : (bitsUsed ?? 'own');
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return undefined;
  }
}
