import { lookUp } from './lookup-table.js';
import type { DicomHeader } from './read-header.js';

type Mapping = (value: number) => number;

/**
 * Grey values in [0, 255] as a viewer shows them, in the standard's four steps:
 *
 *   stored values → modality LUT, or slope · value + intercept → VOI LUT, or window → MONOCHROME1 inverted
 *
 * Without a VOI LUT or window the smallest value after the modality step is black and the largest white, values of the padding
 * left out; 8-bit images without a rescale are shown as they are. Colour and palette images are their luma.
 *
 * @param stored rows × columns stored values; of colour images their luma.
 * @see DICOM PS3.3 C.11.1 (modality LUT), C.11.2 (VOI LUT), C.7.6.3.1.2 (photometric interpretation), PS3.4 N.2 (the order).
 */
export function displayValues(stored: Int32Array, header: DicomHeader): Uint8Array {
  if (header.samplesPerPixel === 3 || header.palette) return Uint8Array.from(stored);
  const { signed, bitsStored, photometric } = header;
  const lowest = signed ? -(2 ** (bitsStored - 1)) : 0;
  const isUsed = new Uint8Array(2 ** bitsStored);
  for (const value of stored) isUsed[value - lowest] = 1;
  const used = Int32Array.from(isUsed.keys())
    .filter((at) => isUsed[at])
    .map((at) => at + lowest);
  const modality = modalityStep(header);
  const voi = voiStep(header, used, modality);
  const greys = new Uint8Array(isUsed.length);
  for (const value of used) {
    const grey = Math.min(255, Math.max(0, Math.round(255 * voi(modality(value)))));
    greys[value - lowest] = photometric === 'MONOCHROME1' ? 255 - grey : grey;
  }
  return Uint8Array.from(stored, (value) => greys[value - lowest]);
}

/** Stored values to the values of the modality, as density or Hounsfield units. */
function modalityStep({ modalityTable, slope, intercept }: DicomHeader): Mapping {
  return modalityTable ? lookUp(modalityTable) : (value) => slope * value + intercept;
}

/** Values of the modality to what is shown, black 0 and white 1; what lies outside is clipped by the caller. */
function voiStep(header: DicomHeader, used: Int32Array, modality: Mapping): Mapping {
  const { voiTable, window, bitsStored, signed, modalityTable, slope, intercept } = header;
  if (voiTable) {
    const entry = lookUp(voiTable);
    return (value) => entry(value) / (2 ** voiTable.bits - 1);
  }
  if (window) return windowed(window);
  const isPlain = bitsStored <= 8 && !signed && !modalityTable && slope === 1 && intercept === 0;
  if (isPlain) return (value) => value / (2 ** bitsStored - 1);
  const [low, high] = rangeOf(used, header, modality);
  const span = high === low ? Infinity : high - low;
  return (value) => (value - low) / span;
}

/** The smallest and largest value after the modality step, without padding. */
function rangeOf(used: Int32Array, { padding }: DicomHeader, modality: Mapping): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const stored of used) {
    if (padding && stored >= padding.from && stored <= padding.to) continue;
    const value = modality(stored);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}

/** @see DICOM PS3.3 C.11.2.1.2 (LINEAR), C.11.2.1.3 (LINEAR_EXACT, SIGMOID). */
function windowed({ center, width, kind }: NonNullable<DicomHeader['window']>): Mapping {
  if (kind === 'SIGMOID') return (value) => 1 / (1 + Math.exp((-4 * (value - center)) / width));
  if (kind === 'LINEAR_EXACT') return (value) => (value - center) / width + 0.5;
  // A window of 1 is a step.
  return width > 1
    ? (value) => (value - (center - 0.5)) / (width - 1) + 0.5
    : (value) => (value > center - 0.5 ? 1 : 0);
}
