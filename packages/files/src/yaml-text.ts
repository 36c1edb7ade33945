import { isMap, isScalar, LineCounter, parseDocument, visit, type Document, type YAMLMap } from 'yaml';

/** The most characters of a text in YAML, and the most values within values. People write them. */
const limits = { characters: 2 ** 20, depth: 100 };

/**
 * The value of a text in YAML 1.2 or JSON, within limits: 1 million characters, values within values 100 deep, and aliases that
 * stand for at most a hundred values. All of this takes a time in proportion to the text.
 *
 * @throws {Error} naming the line.
 */
export function parseYaml(text: string): unknown {
  if (text.length > limits.characters) throw new Error(`more than ${limits.characters} characters`);
  // The parser recurses, and near the end of the stack ends the process.
  if (nestingOf(text) > limits.depth) throw new Error(`values nested more than ${limits.depth} deep`);
  const lines = new LineCounter();
  // Its own check for keys that stand twice, and its drawings of errors, take the square of the time.
  const document = parseDocument(text, {
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
    lineCounter: lines,
  });
  const at = (place: number): string => `in line ${lines.linePos(place).line}`;
  const [error] = document.errors;
  if (error) throw new Error(`${error.message.replace(/\.$/, '')} ${at(error.pos[0])}`);
  refuseDoubleKeys(document, at);
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new Error(/alias/i.test((cause as Error).message) ? 'too many aliases' : 'a broken alias', { cause });
  }
}

function refuseDoubleKeys(document: Document, at: (place: number) => string): void {
  visit(document, {
    Map: (_, map: YAMLMap) => {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (isMap(key)) throw new Error(`a key that is no text ${at(map.range?.[0] ?? 0)}`);
        const value = isScalar(key) ? key.value : key;
        if (seen.has(value)) throw new Error(`the key ${JSON.stringify(value)} twice ${at(placeOf(key))}`);
        seen.add(value);
      }
    },
  });
}

function placeOf(node: unknown): number {
  return (node as { range?: number[] | null }).range?.[0] ?? 0;
}

/**
 * How deep values can be nested at most: brackets that are open (those in texts count, too), and, on a line, its indentation with
 * the marks of lists and keys that begin it.
 */
function nestingOf(text: string): number {
  let open = 0;
  let deepest = 0;
  for (const [sign] of text.matchAll(/[[\]{}]/g)) {
    open = Math.max(0, open + (sign === '[' || sign === '{' ? 1 : -1));
    deepest = Math.max(deepest, open);
  }
  for (const [line] of text.matchAll(/^[ \t]*(?:[-?:] +)*/gm)) {
    const marks = line.match(/[-?:]/g)?.length ?? 0;
    const indentation = /^[ \t]*/.exec(line)![0].length;
    deepest = Math.max(deepest, marks + indentation / 2);
  }
  return deepest;
}
