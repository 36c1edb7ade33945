/** A cell of a table that cannot be read; its row is bad. */
export class AnnotationError extends Error {
  override readonly name = 'AnnotationError';

  constructor(
    readonly column: string,
    readonly expected: string,
    readonly got: string,
  ) {
    super(`column ${column}: expected ${expected}, got ${got}`);
  }
}

/** The longest text of a cell that is repeated in a message. */
const shownLength = 60;

/** A cell as it is shown in a message. */
export function showCell(text: string): string {
  if (text.trim() === '') return 'a blank';
  return text.length > shownLength
    ? `${JSON.stringify(text.slice(0, shownLength))}… (${text.length} characters)`
    : JSON.stringify(text);
}
