import fc from 'fast-check';
import { parse as parseYaml, stringify as stringifyYaml } from 'yaml';

/** Grammars whose structure is changed, beside the bytes. */
export type Grammar = 'binary' | 'json' | 'yaml' | 'csv' | 'xml' | 'lines';

/** A change of a text's structure: one place of it gets another content. */
export interface TextMutation {
  kind: 'structure';
  /** Which of the places, of as many as there are. */
  at: number;
  change: 'replace' | 'remove' | 'double' | 'rename' | 'wrap';
  value: unknown;
  name: string;
}

/** Names that mean something to JavaScript, to a shell, to a terminal, to XML or to a spreadsheet. */
const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'length', '', ' ', '../../../../etc/passwd']
  .concat(['/etc/passwd', 'a\0b', '\u001b[31m', '\u202e', '=1+1', '<script>', '&a;', '"', "'", '{{', '\ud800', 'a,b'])
  .concat([
    '\ufeff',
    '\r',
    '\n',
    'a'.repeat(10_000),
    '-',
    '*a',
    '&a',
    '!!js/function',
    '%',
    '#',
    'CON',
    'null',
    'true',
  ]);

const nested = (depth: number, open: unknown): unknown => {
  let value = open;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
};

const values: unknown[] = [null, true, false, 0, -1, 0.5, 1e308, -1e308, 2 ** 31, 2 ** 32, 2 ** 53, 1e-320, '1e999']
  .concat(['NaN', '-0', '9007199254740993', '00', '0x10', '1,5', '²'] as never[])
  .concat([[], {}, [[]], [null], [0], [''], { a: 1 }, JSON.parse('{"__proto__":{"a":1}}')] as never[])
  .concat([nested(50, 1), nested(3000, 1), Array.from({ length: 2000 }, (_, i) => i)] as never[]);

/** Any change of structure. */
export const textMutation: fc.Arbitrary<TextMutation> = fc.record({
  kind: fc.constant('structure' as const),
  at: fc.nat(1_000_000),
  change: fc.constantFrom('replace', 'remove', 'double', 'rename', 'wrap'),
  value: fc.oneof(fc.constantFrom(...values), fc.constantFrom(...names), fc.string(), fc.integer(), fc.double()),
  name: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...names) }, fc.string()),
});

/** The bytes of a text with a change of its structure; the bytes themselves where they have none any more. */
export function restructured(bytes: Uint8Array, grammar: Grammar, change: TextMutation): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  const encode = (changed: string): Uint8Array => new TextEncoder().encode(changed);
  try {
    if (grammar === 'json') return encode(jsonText(changedTree(JSON.parse(text), change)));
    if (grammar === 'yaml') return encode(stringifyYaml(changedTree(parseYaml(text), change)));
    if (grammar === 'lines') return encode(changedLines(text, change));
    if (grammar === 'csv') return encode(changedCells(text, change));
    return encode(changedTags(text, change));
  } catch {
    return bytes;
  }
}

/** JSON with numbers that no JavaScript number is, such as `1e999`. */
function jsonText(value: unknown): string {
  return (JSON.stringify(value) ?? 'null').replaceAll('"1e999"', '1e999');
}

interface Slot {
  holder: Record<string, unknown> | unknown[];
  key: string;
}

function changedTree(tree: unknown, { at, change, value, name }: TextMutation): unknown {
  const slots: Slot[] = [];
  const visit = (holder: unknown): void => {
    if (typeof holder !== 'object' || holder === null) return;
    for (const [key, inner] of Object.entries(holder)) {
      slots.push({ holder: holder as Slot['holder'], key });
      visit(inner);
    }
  };
  visit(tree);
  if (slots.length === 0 || at % 50 === 0) return change === 'wrap' ? [tree] : value;
  const { holder, key } = slots[at % slots.length];
  const old = (holder as Record<string, unknown>)[key];
  const put = (into: string, what: unknown): void => {
    Object.defineProperty(holder, into, { value: what, enumerable: true, configurable: true, writable: true });
  };
  if (change === 'replace') put(key, value);
  else if (change === 'wrap') put(key, at % 2 === 0 ? [old] : { [name]: old });
  else if (Array.isArray(holder)) {
    if (change === 'remove') holder.splice(Number(key), 1);
    else holder.splice(Number(key), 0, change === 'double' ? old : name);
  } else {
    if (change !== 'double') delete holder[key];
    if (change !== 'remove') put(name, old);
  }
  return tree;
}

/** A JSON value on each line. */
function changedLines(text: string, change: TextMutation): string {
  const lines = text.split('\n').filter(Boolean);
  const at = change.at % lines.length;
  lines[at] = jsonText(changedTree(JSON.parse(lines[at]), { ...change, at: Math.floor(change.at / lines.length) }));
  return lines.join('\n');
}

function changedCells(text: string, { at, change, value, name }: TextMutation): string {
  const rows = text.split('\n').map((row) => row.split(','));
  const row = rows[at % rows.length];
  const cell = Math.floor(at / rows.length) % row.length;
  const shown = typeof value === 'string' ? value : JSON.stringify(value).slice(0, 20_000);
  if (change === 'replace') row[cell] = shown;
  else if (change === 'rename') row[cell] = name;
  else if (change === 'remove') row.splice(cell, 1);
  else if (change === 'double') row.splice(cell, 0, row[cell]);
  else row[cell] = `"${row[cell]}${at % 2 === 0 ? '"' : ''}`;
  return rows.map((cells) => cells.join(',')).join('\n');
}

const entities = `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">${Array.from(
  { length: 9 },
  (_, i) => `<!ENTITY ${'bcdefghij'[i]} "${`&${'abcdefghi'[i]};`.repeat(10)}">`,
).join('')}]>`;

function changedTags(text: string, { at, change, value, name }: TextMutation): string {
  const tags = [...text.matchAll(/<[^<>]*>/g)];
  if (tags.length === 0) return text;
  const { 0: tag, index } = tags[at % tags.length];
  const shown = typeof value === 'string' ? value : JSON.stringify(value).slice(0, 2000);
  const put = (changed: string): string => text.slice(0, index) + changed + text.slice(index + tag.length);
  if (change === 'remove') return put('');
  if (change === 'double') return put(tag.repeat(1 + (at % 300)));
  if (change === 'rename') return put(tag.replace(/=("|')[^"']*\1/, () => `="${name}"`));
  if (change === 'wrap')
    return at % 3 === 0 ? text.replace(/(<\?xml[^>]*>)?/, (head) => `${head}${entities}`) + '&j;' : put(`<a>${tag}`);
  return put(tag.replace(/=("|')[^"']*\1/, () => `="${shown}"`)) + (at % 7 === 0 ? '&j;' : '');
}
