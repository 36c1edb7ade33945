import type { DataSet } from 'dicom-parser';
import type { Fail } from './open-dicom.js';

/** A table of a modality LUT, VOI LUT or palette. */
export interface LookupTable {
  /** The first value that it maps; smaller ones take its first entry. */
  first: number;
  /** Bits of an entry: those of the descriptor, or those that the largest entry needs where they contradict it. */
  bits: number;
  entries: Float64Array;
}

/** The elements and the name of a table, and whether its first mapped value is signed. */
interface TableElements {
  name: string;
  descriptor: string;
  entries: string;
  isSigned: boolean;
  isBigEndian: boolean;
}

/**
 * Reads the descriptor and the entries of a lookup table.
 *
 * @throws {InputError} if there are fewer entries than the descriptor declares.
 * @see DICOM PS3.3 C.11.1.1, C.11.2.1.1, C.7.6.3.1.5: number of entries (0 for 65536), first value mapped, bits of an entry.
 */
export function lookupTable(data: DataSet, elements: TableElements, fail: Fail): LookupTable | undefined {
  const { name, descriptor, isSigned, isBigEndian } = elements;
  const element = data.elements[elements.entries];
  if (!element || data.elements[descriptor] === undefined) return undefined;
  const count = data.uint16(descriptor, 0) || 2 ** 16;
  const first = (isSigned ? data.int16(descriptor, 1) : data.uint16(descriptor, 1)) ?? 0;
  const bits = data.uint16(descriptor, 2) ?? 16;
  if (element.length < count)
    return fail(`expected ${count} entries of the ${name}, got ${element.length} bytes; export the file again`);
  // Entries of 8 bits may be packed two to a word, or take one each.
  const isPacked = element.length < 2 * count;
  const entries = Float64Array.from({ length: count }, (_, i) =>
    isPacked ? data.byteArray[element.dataOffset + (isBigEndian ? i ^ 1 : i)] : data.uint16(elements.entries, i)!,
  );
  return { first, bits, entries };
}

/** The entry of a value, its fraction cut off as pydicom does; values before the first and after the last take theirs. */
export function lookUp({ first, entries }: LookupTable): (value: number) => number {
  return (value) => entries[Math.min(entries.length - 1, Math.max(0, Math.floor(value) - first))];
}

/** Bits that the largest of some entries needs, at least 1. */
export function bitsNeeded(entries: Iterable<number>): number {
  let most = 1;
  for (const entry of entries) if (entry > most) most = entry;
  return Math.floor(Math.log2(most)) + 1;
}
