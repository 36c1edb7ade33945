import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { InputError } from '@cxr-align/files';
import { dicomFacts, isDicom } from '@cxr-align/image-backbone/images';

/** Which image of which study a DICOM file is. */
export interface DicomIds {
  /** Study Instance UID. */
  study?: string;
  /** SOP Instance UID. */
  instance?: string;
}

/** The UIDs of a DICOM file; nothing of any other, of a broken one and of one that is not there. */
export function dicomIds(file: string): DicomIds {
  return hasDicomPrefix(file) ? idsOf(readFileSync(file), file) : {};
}

/** The UIDs of the bytes of a DICOM file; nothing of any other, and of a broken one. */
export function dicomIdsOf(bytes: Uint8Array, name?: string): DicomIds {
  return isDicom(bytes) ? idsOf(bytes, name) : {};
}

function idsOf(bytes: Uint8Array, name?: string): DicomIds {
  try {
    const { study, instance } = dicomFacts(bytes, name);
    return { ...(study !== undefined && { study }), ...(instance !== undefined && { instance }) };
  } catch (error) {
    if (error instanceof InputError) return {}; // Reading the image reports it.
    throw error;
  }
}

/** Whether a file begins as DICOM does: 128 bytes, then DICM. @see DICOM PS3.10 7.1. */
export function hasDicomPrefix(file: string): boolean {
  const bytes = Buffer.alloc(132);
  try {
    const descriptor = openSync(file, 'r');
    try {
      readSync(descriptor, bytes, 0, bytes.length, 0);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false; // Reading the image reports why it cannot be read.
  }
  return bytes.toString('latin1', 128) === 'DICM';
}
