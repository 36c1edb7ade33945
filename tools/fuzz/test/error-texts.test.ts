import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** The rooms that read what people bring. */
const readers = ['datasets', 'evaluation', 'files', 'image-backbone', 'label-graph', 'onnx', 'text-encoder'];
/** What cannot be caused by a test: the packages are installed here; another process would have to be as fast. */
const notCaused = ['expected the package', 'expected to get the lock'];

describe('what readers refuse', () => {
  it('has a test of each text, which says what was expected', () => {
    const tests = unescaped(
      ['packages', 'apps']
        .flatMap((room) => filesBelow(room, 'test'))
        .map((file) => readFileSync(file, 'utf8'))
        .join('\n'),
    );
    const texts = filesBelow('packages', 'src')
      .filter((file) => readers.some((name) => file.startsWith(join(root, 'packages', name))))
      .flatMap(errorTexts);
    expect(texts.length).toBeGreaterThan(120);
    const untested = texts.filter(({ parts }) => !parts.some((part) => isTested(part, tests)));
    expect(untested.map(({ file, text }) => `${file.slice(root.length)}: ${text}`)).toEqual([]);
  });
});

interface ErrorText {
  file: string;
  text: string;
  /** What does not depend on the input. */
  parts: string[];
}

/** The messages of input errors in a source file. */
function errorTexts(file: string): ErrorText[] {
  const source = readFileSync(file, 'utf8');
  return [...source.matchAll(/new InputError\(\s*(['`"])((?:(?!\1)[\s\S])*)\1/g)]
    .map(([, , text]) => ({
      file,
      text,
      parts: unescaped(text)
        .split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/)
        .map((part) => part.trim())
        .filter((part) => part.length > 5),
    }))
    .filter(({ text }) => !notCaused.some((start) => text.startsWith(start)));
}

/** Whether some 20 characters of a text stand in a test: tests mostly have a piece of it. */
function isTested(part: string, tests: string): boolean {
  const length = Math.min(20, part.length);
  for (let at = 0; at + length <= part.length; at++) if (tests.includes(part.slice(at, at + length))) return true;
  return false;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}

/** The TypeScript files of all packages of a room below `src` or `test`. */
function filesBelow(room: string, part: string): string[] {
  return readdirSync(join(root, room)).flatMap((name) => {
    const folder = join(root, room, name, part);
    try {
      return readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join(folder, file));
    } catch {
      return [];
    }
  });
}
