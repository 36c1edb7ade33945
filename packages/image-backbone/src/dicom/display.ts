import type { DicomHeader, LookupTable } from './parse-dicom.js';

/**
 * Grey values in [0, 255] as a viewer shows them: rescaled (or by the modality LUT), then by the VOI LUT or window, else
 * from the smallest to the largest value that is no padding (8-bit images as they are), MONOCHROME1 inverted.
 *
 * @param stored rows × columns stored values.
 * @see DICOM PS3.3 C.11.1 (modality LUT), C.11.2 (VOI LUT), C.7.6.3.1.2 (photometric interpretation).
 */
export function displayValues(stored: Int32Array, header: DicomHeader): Uint8Array {
  const { photometric } = header;
  const toGrey = greyScale(stored, header);
  const isInverted = photometric === 'MONOCHROME1';
  return Uint8Array.from(stored, (value) => {
    const grey = Math.min(255, Math.max(0, Math.round(toGrey(value))));
    return isInverted ? 255 - grey : grey;
  });
}

function greyScale(stored: Int32Array, header: DicomHeader): (value: number) => number {
  const { samplesPerPixel, bitsStored, signed, slope, intercept, modalityTable, voiTable, window } = header;
  if (samplesPerPixel === 3) return (value) => value;
  const modality = modalityTable ? lookUp(modalityTable) : (value: number) => slope * value + intercept;
  if (voiTable) {
    const table = lookUp(voiTable);
    const scale = 255 / (2 ** voiTable.bits - 1);
    return (value) => table(modality(value)) * scale;
  }
  if (window) {
    const shown = windowed(window);
    return (value) => shown(modality(value));
  }
  const isPlain = bitsStored <= 8 && !signed && !modalityTable && slope === 1 && intercept === 0;
  if (isPlain) return (value) => (value * 255) / (2 ** bitsStored - 1);
  const [low, high] = range(stored, header).map(modality);
  const span = high === low ? Infinity : high - low;
  return (value) => ((modality(value) - low) / span) * 255;
}

/** The smallest and largest stored value that is no padding. */
function range(stored: Int32Array, { padding }: DicomHeader): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of stored) {
    if (padding && value >= padding.from && value <= padding.to) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}

function lookUp({ first, entries }: LookupTable): (value: number) => number {
  return (value) => entries[Math.min(entries.length - 1, Math.max(0, Math.round(value) - first))];
}

function windowed({ center, width, kind }: NonNullable<DicomHeader['window']>): (value: number) => number {
  if (kind === 'SIGMOID') return (value) => 255 / (1 + Math.exp((-4 * (value - center)) / width));
  if (kind === 'LINEAR_EXACT') return (value) => ((value - center) / width + 0.5) * 255;
  // The standard's own formula; a window of 1 is a step.
  return width > 1
    ? (value) => ((value - (center - 0.5)) / (width - 1) + 0.5) * 255
    : (value) => (value > center - 0.5 ? 255 : 0);
}
