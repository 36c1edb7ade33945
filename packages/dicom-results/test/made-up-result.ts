import type { Result, SourceImage } from '../src/index.js';

/** Bytes of a text in Latin-1. */
export const bytes = (text: string): Uint8Array => Uint8Array.from(text, (one) => one.charCodeAt(0));

/** The header of a made-up film; `changes` replaces values, undefined leaves one out. */
export function madeUpSource(changes: Record<string, string | undefined> = {}): SourceImage {
  const values: Record<string, string | undefined> = {
    '00080005': 'ISO_IR 100',
    '00080016': '1.2.840.10008.5.1.4.1.1.1.1',
    '00080018': '1.2.3.4',
    '00080020': '20260203',
    '00080030': '101112',
    '00100010': 'M\xfcller^J\xf6rg ',
    '00100020': '4711',
    '00100040': 'M',
    '00101010': '062Y',
    '0020000d': '1.2.3',
    '0020000e': '1.2.3.1',
    '00200010': 'S1',
    '00280004': 'MONOCHROME2',
    '00281050': '2048\\1024',
    '00281051': '4096\\512',
    ...changes,
  };
  const known = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    elements: new Map(known.map(([tag, text]) => [tag, bytes(text)])),
    rows: 20,
    columns: 30,
    hasLookupTable: false,
  };
}

/** Two labels, one of them with a box. */
export function madeUpResult(changes: Partial<Result> = {}): Result {
  return {
    source: madeUpSource(),
    model: { name: 'runs/a', hash: 'ab'.repeat(32), version: '1.2.3' },
    labels: [
      { label: 'Edema', probability: 0.7125, threshold: 0.5, positive: true },
      { label: 'Verschattung Übergang', probability: 0.2, threshold: 0.4, positive: false },
    ],
    found: { label: 'Edema', boxes: [{ x: 2, y: 3, w: 10, h: 5 }] },
    date: new Date(2026, 1, 3, 4, 5, 6),
    ...changes,
  };
}
