import { sha256 } from '@cxr-align/files';

/**
 * A UID that the same texts always have, and no other: a UUID's number below 2.25.
 *
 * @see DICOM PS3.5 B.2.
 */
export function derivedUid(...parts: readonly string[]): string {
  const digits = sha256(new TextEncoder().encode(JSON.stringify(parts))).slice(0, 32);
  return `2.25.${BigInt(`0x${digits}`)}`;
}
