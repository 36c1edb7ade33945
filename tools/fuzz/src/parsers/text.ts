/** The bytes of a text. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The bytes of a value as JSON. */
export function json(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value));
}
