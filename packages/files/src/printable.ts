/** Control characters, marks of the direction of text, line ends of other kinds, and halves of characters. */
const hidden = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/**
 * A name for a terminal or a message: control characters and the like as `\u001b`, all else as it is. What a file holds can then
 * neither move the cursor nor hide what was printed.
 */
export function printable(name: string): string {
  return name.replace(hidden, escaped);
}

/** The same of a text of several lines: line breaks and tabs stay. */
export function printableText(text: string): string {
  return text.replace(hidden, (sign) => (sign === '\n' || sign === '\t' ? sign : escaped(sign)));
}

function escaped(sign: string): string {
  return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
