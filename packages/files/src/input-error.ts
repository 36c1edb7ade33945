import { printableText } from './printable.js';

/** Where in the input a fault lies. */
export interface InputPlace {
  file?: string;
  /** Line of the file, 1 = the header of a table. */
  row?: number;
  column?: string;
}

/**
 * Input that cannot be used: a table, an image, an array, a configuration. Everything else that is thrown is a fault of the
 * program or of the machine.
 */
export class InputError extends Error {
  override readonly name = 'InputError';

  /**
   * @param message what was expected, what was found and what to try; the place is put in front. Control characters of names in it
   *   are escaped.
   */
  constructor(
    message: string,
    readonly place: InputPlace = {},
  ) {
    super(printableText(`${describePlace(place)}${message}`));
  }
}

/**
 * The error of an input file that cannot be opened.
 *
 * @param expected what it should have been, such as `a JSON file`.
 * @param hint what to try.
 */
export function unreadable(error: unknown, expected: string, file: string, hint = 'check the path'): InputError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new InputError(
    `expected ${expected}, got ${code === 'ENOENT' ? 'no such file' : (code ?? message)}; ${hint}`,
    {
      file,
    },
  );
}

/**
 * The first place at which a value does not fit a schema, and why, for the message of an {@link InputError}.
 *
 * @param error what zod found.
 */
export function schemaFault({
  issues: [{ path, message }],
}: {
  issues: readonly { path: readonly PropertyKey[]; message: string }[];
}): string {
  return path.length > 0 ? `${path.map(String).join('.')}: ${message}` : message;
}

function describePlace({ file, row, column }: InputPlace): string {
  const parts = [file, row === undefined ? undefined : `row ${row}`, column && `column ${column}`].filter(Boolean);
  return parts.length > 0 ? `${parts.join(', ')}: ` : '';
}
