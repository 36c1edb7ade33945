import { ascii } from './code.js';
import { glyphs } from './glyphs.js';
import type { Picture } from './result.js';

const [letterWidth, letterHeight] = [6, 9];

/**
 * A picture with lines of white text on black below it, as wide as it is: nothing of the image is covered, and no font is needed.
 *
 * @returns a new picture; lines that are too long continue in the next one.
 */
export function burnText({ data, width, height }: Picture, lines: readonly string[]): Picture {
  const scale = Math.max(1, Math.floor(width / 240));
  const room = Math.max(1, Math.floor(width / (letterWidth * scale)) - 1);
  const broken = lines.flatMap((line) => wrapped(ascii(line).toUpperCase(), room));
  const border = Math.max(1, broken.length) * letterHeight * scale + 2 * scale;
  const made = new Uint8Array(3 * width * (height + border));
  made.set(data);
  for (const [row, line] of broken.entries()) {
    const top = height + 2 * scale + row * letterHeight * scale;
    for (const [at, letter] of [...line].entries())
      drawLetter(made, { letter, left: (at * letterWidth + 3) * scale, top, width, scale });
  }
  return { data: made, width, height: height + border };
}

function drawLetter(
  data: Uint8Array,
  { letter, left, top, width, scale }: { letter: string; left: number; top: number; width: number; scale: number },
): void {
  const glyph = glyphs[letter] ?? glyphs['?'];
  for (let y = 0; y < 7 * scale; y++)
    for (let x = 0; x < 5 * scale; x++) {
      const isOn = (glyph[Math.floor(y / scale)] >> (4 - Math.floor(x / scale))) & 1;
      if (isOn && left + x < width)
        data.fill(255, 3 * ((top + y) * width + left + x), 3 * ((top + y) * width + left + x) + 3);
    }
}

/** A text in lines of at most so many letters, broken between words where they fit. */
function wrapped(text: string, room: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(...(word.match(new RegExp(`.{1,${room}}`, 'g')) ?? []));
  }
  return lines;
}
