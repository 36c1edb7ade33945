import { InputError, readJson } from '@cxr-align/files';

/** The names in a JSON file: a list, or an object with the list under `labels`. @throws {InputError} if it has none. */
export function readLabelNames(file: string): string[] {
  const content = readJson(file) as { labels?: unknown } | unknown[];
  const names = Array.isArray(content) ? content : content?.labels;
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) {
    throw new InputError(
      'expected a JSON list of label names; write ["Edema", "Pneumonia"], in the order of the columns',
      { file },
    );
  }
  return names as string[];
}
