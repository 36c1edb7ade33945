import { faultReason } from './fault-reason.js';
import { InputError } from './input-error.js';
import { readText, refuseDeep } from './read-json.js';
import { parseYaml } from './yaml-text.js';

/** The most bytes of a YAML file. */
const sizeLimit = 2 ** 22;

/**
 * Reads a YAML or JSON file, within the limits of {@link parseYaml}.
 *
 * @throws {InputError} if the file is missing, is no YAML, has a key twice, or is beyond the limits.
 */
export function readYaml(file: string): unknown {
  const text = readText(file, 'a YAML or JSON file', sizeLimit);
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    throw new InputError(`expected YAML or JSON, got ${faultReason(error)}; correct it there`, { file });
  }
  // An alias within what it stands for has no end.
  refuseDeep(value, file);
  return value;
}
