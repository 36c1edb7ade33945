import { existsSync } from 'node:fs';
import { InputError, readJson } from '@cxr-align/files';

/**
 * Shares of images by label, as `--prevalence` has them: `Pneumonia=0.03`, or a JSON file with an object of them; several are
 * taken together.
 *
 * @throws {InputError} if one is neither, or if a label is given twice.
 */
export function prevalencesOf(given: readonly string[] | undefined): Record<string, number> | undefined {
  if (given === undefined) return undefined;
  const shares = new Map<string, number>();
  for (const [label, share] of given.flatMap(entriesOf)) {
    if (shares.has(label)) throw new InputError(`expected each label once in --prevalence, got ${label} twice`);
    shares.set(label, share);
  }
  return Object.fromEntries(shares);
}

function entriesOf(text: string): [string, number][] {
  if (existsSync(text)) {
    const content = readJson(text);
    const entries = typeof content === 'object' && content !== null ? Object.entries(content) : [];
    if (Array.isArray(content) || entries.length === 0 || entries.some(([, share]) => typeof share !== 'number'))
      throw new InputError('expected an object of label to share, such as {"Pneumonia": 0.03}, got something else', {
        file: text,
      });
    return entries as [string, number][];
  }
  const at = text.lastIndexOf('=');
  const share = at > 0 ? text.slice(at + 1).trim() : '';
  if (share === '' || !Number.isFinite(Number(share)))
    throw new InputError(`expected --prevalence LABEL=SHARE, such as Pneumonia=0.03, or a JSON file, got ${text}`);
  return [[text.slice(0, at).trim(), Number(share)]];
}
