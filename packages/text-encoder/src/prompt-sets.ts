import { InputError } from '@cxr-align/files';
import data from './data/prompt-sets.json' with { type: 'json' };

/**
 * A prompt set: templates for the presence and for the absence of a label. A template is a sentence with placeholders, see
 * {@link promptPlaceholders}.
 */
export interface PromptSetDefinition {
  name: string;
  /** At least one template. */
  positive: readonly string[];
  /** At least one template. */
  negative: readonly string[];
}

/**
 * The placeholders of a template: `{label}`, the label in running text; `{present}`, `{absent}`, phrases; `{description}`,
 * `{normal}`, sentences; and those with several values, each of which makes a prompt: `{descriptor}`, an observation (`{bare}`:
 * without its article), `{severity}`, `{subtype}` and `{location}`.
 */
export const promptPlaceholders: readonly string[] = [
  'label',
  'present',
  'absent',
  'description',
  'normal',
  'descriptor',
  'bare',
  'severity',
  'subtype',
  'location',
];

const sets = new Map<string, PromptSetDefinition>();

/**
 * Registers a prompt set, which can then be used by its name. The built-in sets are registered in the same way.
 *
 * @example
 * registerPromptSet({ name: 'short', positive: ['{label} present'], negative: ['{label} absent'] });
 * labelPrompts(['Edema'], { set: 'short' }); // positive: ['edema present']
 * @throws {RangeError} if the name is taken or empty, a list of templates is empty, or a placeholder is unknown.
 */
export function registerPromptSet({ name, positive, negative }: PromptSetDefinition): void {
  const where = 'text-encoder/registerPromptSet';
  if (typeof name !== 'string' || name === '')
    throw new RangeError(`${where}: expected a name, got ${JSON.stringify(name)}; try { name: 'mine', … }`);
  if (sets.has(name))
    throw new RangeError(`${where}: expected a new name, got ${name}, which is registered; try another name`);
  for (const [kind, templates] of Object.entries({ positive, negative })) {
    if (!Array.isArray(templates) || templates.length === 0)
      throw new RangeError(`${where}: expected one or more ${kind} templates in ${name}, got none; try ['{label}']`);
    for (const template of templates as string[]) {
      const unknown = placeholdersOf(template).find((one) => !promptPlaceholders.includes(one));
      if (unknown !== undefined)
        throw new RangeError(
          `${where}: expected placeholders of ${promptPlaceholders.join(', ')} in ${name}, got {${unknown}}; try {label}`,
        );
    }
  }
  sets.set(name, { name, positive: [...positive], negative: [...negative] });
}

/** The names of the registered prompt sets, in the order of their registration. */
export function promptSetNames(): string[] {
  return [...sets.keys()];
}

/** A registered prompt set. @throws {InputError} if none has that name. */
export function promptSet(name: string): PromptSetDefinition {
  const found = sets.get(name);
  if (!found)
    throw new InputError(
      `expected a prompt set of ${promptSetNames().join(', ')}, got ${name}; try one of these, or registerPromptSet`,
    );
  return found;
}

/** The placeholders of a template, each once. */
export function placeholdersOf(template: string): string[] {
  return [...new Set([...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))];
}

for (const [name, templates] of Object.entries(data.sets)) registerPromptSet({ name, ...templates });
