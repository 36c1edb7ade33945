import { printable } from './printable.js';

/** Words of JavaScript and of its engine, which do not explain what is wrong with a file. */
const words =
  /Cannot (read|convert|set|destructure|mix|access|use)|is not (a function|iterable|a constructor|defined)|Invalid (typed )?array|bounds|undefined|\[object|ERR_|string length|BigInt|null pointer|unreachable|must be (of type|an instance)/;

/**
 * What went wrong in a library that read a file, for the message of an `InputError`: the first line of the library's own
 * words, or that the content is damaged, where those speak of JavaScript alone.
 */
export function faultReason(error: unknown): string {
  const { name, message } = (error ?? {}) as Partial<Error>;
  const text = typeof error === 'string' ? error : (message ?? '');
  if (/call stack/.test(text)) return 'values nested too deeply';
  if ((name !== 'SyntaxError' && name?.endsWith('TypeError')) || name === 'RangeError') return 'damaged content';
  const [line] = text.split('\n');
  return line.trim() === '' || words.test(line) ? 'damaged content' : printable(line).slice(0, 300);
}
