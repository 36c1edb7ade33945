/** The most characters of a graph file, elements in it, and elements within elements. */
const limits = { characters: 2 ** 23, elements: 500_000, depth: 64 };

/** A reference that needs no declaration. */
const reference = /^&(?:lt|gt|amp|quot|apos|#\d{1,7}|#x[0-9a-f]{1,6});/i;
const name = String.raw`[\p{L}_:][\p{L}\p{N}_:.\-]*`;
const tag = new RegExp(String.raw`<(/?)(${name})((?:\s+${name}\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(/?)>`, 'uy');
const skipped = /<\?[^>]*\?>|<!--(?:[^-]|-[^-])*-->|<!\[CDATA\[(?:[^\]]|\](?!\]>))*\]\]>/uy;
const attributeValue = /"([^"]*)"|'([^']*)'/gu;

/**
 * Holds a text against the rules of XML, as far as graphs need it: the parser behind it repairs in silence, prints what it repairs,
 * and knows no limits. Documents that declare types or entities are refused.
 *
 * @returns the name of the outermost element.
 * @throws {Error} with the line at which it is not well-formed.
 */
export function checkXml(text: string): string {
  if (text.length > limits.characters) throw new Error(`more than ${limits.characters} characters`);
  const open: string[] = [];
  let outermost: string | undefined;
  let elements = 0;
  const fail = (at: number, what: string): never => {
    throw new Error(`${what} in line ${text.slice(0, at).split('\n').length}`);
  };
  for (let at = text.startsWith('\uFEFF') ? 1 : 0; at < text.length;) {
    const next = text.indexOf('<', at);
    const end = next < 0 ? text.length : next;
    checkText(text.slice(at, end), open.length > 0, (what) => fail(at, what));
    if (next < 0) break;
    skipped.lastIndex = next;
    if (skipped.test(text)) {
      at = skipped.lastIndex;
      continue;
    }
    if (/^<!doctype/i.test(text.slice(next, next + 9))) fail(next, 'a document type (DOCTYPE)');
    tag.lastIndex = next;
    const found = tag.exec(text) ?? fail(next, 'a broken tag');
    const [whole, isEnd, element, attributes, isEmpty] = found;
    for (const [, double, single] of attributes.matchAll(attributeValue))
      checkReferences(double ?? single, (what) => fail(next, what));
    if (isEnd) {
      if (open.pop() !== element) fail(next, `</${element}> that closes another element`);
    } else {
      if (open.length === 0 && outermost !== undefined) fail(next, 'a second outermost element');
      outermost ??= element;
      if (++elements > limits.elements) fail(next, `more than ${limits.elements} elements`);
      if (!isEmpty && open.push(element) > limits.depth) fail(next, `elements nested more than ${limits.depth} deep`);
    }
    at = next + whole.length;
  }
  if (open.length > 0) fail(text.length, `no </${open.at(-1)}>`);
  return outermost ?? fail(0, 'no element');
}

function checkText(text: string, isInside: boolean, fail: (what: string) => never): void {
  if (!isInside && text.trim() !== '') fail('text outside of the elements');
  checkReferences(text, fail);
}

function checkReferences(text: string, fail: (what: string) => never): void {
  if (/[^\P{Cc}\t\n\r]|\p{Cs}|[\ufffe\uffff]/u.test(text)) fail('a character that XML has not');
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1))
    if (!reference.test(text.slice(at, at + 12))) fail('a reference to something undeclared');
}
