/** Where in the input a fault lies. */
export interface InputPlace {
  file?: string;
  /** Line of the file, 1 = the header of a table. */
  row?: number;
  column?: string;
}

/**
 * Input that cannot be used: a table, an image, an array, a configuration. The command ends with exit code 2 on it;
 * everything else that is thrown is a fault of the program or of the machine.
 */
export class InputError extends Error {
  override readonly name = 'InputError';

  /** @param message what was expected, what was found and how to mend it; the place is put in front. */
  constructor(
    message: string,
    readonly place: InputPlace = {},
  ) {
    super(`${describePlace(place)}${message}`);
  }
}

function describePlace({ file, row, column }: InputPlace): string {
  const parts = [file, row === undefined ? undefined : `row ${row}`, column && `column ${column}`].filter(Boolean);
  return parts.length > 0 ? `${parts.join(', ')}: ` : '';
}
