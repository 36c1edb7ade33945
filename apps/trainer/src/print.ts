import { printableText } from '@cxr-align/files/printable';

/** Prints a text for people, a line or several, with the control characters of names in it escaped. */
export function printText(text: string, stream: NodeJS.WriteStream = process.stdout): void {
  stream.write(`${printableText(text)}\n`);
}

/** Prints a value as a line of JSON; signs that a terminal obeys, and JSON leaves as they are, are escaped. */
export function printJson(value: unknown, stream: NodeJS.WriteStream = process.stdout): void {
  stream.write(`${printableText(JSON.stringify(value))}\n`);
}
