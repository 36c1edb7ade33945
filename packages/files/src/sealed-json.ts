import { sha256 } from './checksum.js';
import { faultReason } from './fault-reason.js';
import { InputError } from './input-error.js';

/** Before the hash at the end of a sealed text. */
const seal = ',\n"sha256":"';

/**
 * A JSON object as text that ends with the hash of all before: no bit of it can change unnoticed.
 *
 * @param content with one key or more, none of them `sha256`.
 */
export function sealJson(content: object, { indent }: { indent?: number } = {}): string {
  const body = JSON.stringify(content, null, indent).replace(/\n?\}$/, '');
  return `${body}${seal}${sha256(body)}"}\n`;
}

/** The part of a sealed text that its hash is of, and the hash; undefined if the text is not sealed. */
export function sealedBody(text: string): { body: string; hash: string } | undefined {
  const at = text.lastIndexOf(seal);
  const hash = /^([0-9a-f]{64})"\}\n$/.exec(text.slice(at + seal.length))?.[1];
  return at < 0 || hash === undefined ? undefined : { body: text.slice(0, at), hash };
}

/**
 * Reads what {@link sealJson} wrote.
 *
 * @param hint how the file is made again, for errors.
 * @param hashOf SHA-256 of a text in UTF-8.
 * @throws {InputError} if a bit of it was changed.
 */
export function unsealJson(
  text: string,
  { file, hint, hashOf }: { file: string; hint: string; hashOf: (body: string) => string },
): unknown {
  const sealed = sealedBody(text);
  if (!sealed || hashOf(sealed.body) !== sealed.hash)
    throw new InputError(`expected the bytes that were written, with their hash at the end, got others; ${hint}`, {
      file,
    });
  try {
    return JSON.parse(`${sealed.body}}`);
  } catch (error) {
    throw new InputError(`expected JSON, got ${faultReason(error)}; ${hint}`, { file });
  }
}
