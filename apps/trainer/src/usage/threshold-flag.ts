import { existsSync } from 'node:fs';
import { InputError, readJson } from '@cxr-align/files';

/** A label, then a threshold or a rule; the name is as short as it can be, for `=` stands in rules, too. */
const assignment =
  /^(.+?)=\s*((?:(?:sensitivity|specificity|precision|ppv)\s*=)?\s*[-+]?(?:\d|\.\d)[\d.e+-]*|youden|f-max|f1-max|max-f1)\s*$/i;

/**
 * Thresholds or rules by label, as `--label` has them: `Edema=0.3`, `Edema=sensitivity=0.9`, or a JSON file with an object of them;
 * several are taken together.
 *
 * @throws {InputError} if one is neither, or if a label is given twice.
 */
export function thresholdsOf(given: readonly string[] | undefined): Record<string, string | number> | undefined {
  if (given === undefined) return undefined;
  const wishes = new Map<string, string | number>();
  for (const [label, wish] of given.flatMap(entriesOf)) {
    if (wishes.has(label)) throw new InputError(`expected each label once in --label, got ${label} twice`);
    wishes.set(label, wish);
  }
  return Object.fromEntries(wishes);
}

function entriesOf(text: string): [string, string | number][] {
  if (existsSync(text)) {
    const content = readJson(text);
    const entries = typeof content === 'object' && content !== null ? Object.entries(content) : [];
    const isWish = ([, wish]: [string, unknown]): boolean => typeof wish === 'number' || typeof wish === 'string';
    if (Array.isArray(content) || entries.length === 0 || !entries.every(isWish))
      throw new InputError(
        'expected an object of label to threshold or rule, such as {"Edema": 0.3, "Pneumonia": "sensitivity=0.9"}, got something else',
        { file: text },
      );
    return entries as [string, string | number][];
  }
  const [, label, wish] = assignment.exec(text) ?? [];
  if (label === undefined)
    throw new InputError(
      `expected --label NAME=THRESHOLD or NAME=RULE, such as Edema=0.3 or Edema=sensitivity=0.9, or a JSON file, got ${text}`,
    );
  return [[label.trim(), wish]];
}
