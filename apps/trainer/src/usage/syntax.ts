import { InputError } from '@cxr-align/files/input-error';

/** What the command that was typed takes. */
export interface CommandSyntax {
  /** `data split`, without the name of the program. */
  name: string;
  /** All its flags, as they are typed, without dashes. */
  flags: readonly string[];
  numbers: readonly string[];
  booleans: readonly string[];
  lists: readonly string[];
  /** The commands below it. */
  commands: readonly string[];
}

/** yargs as far as it is used here; its types leave these methods out. */
interface ParsedYargs {
  getOptions(): { key: Record<string, unknown>; number: string[]; boolean: string[]; array: string[] };
  getInternalMethods(): { getCommandInstance(): { getCommands(): string[] } };
}

/** What the command takes that yargs has just parsed. */
export function syntaxOf(yargs: unknown, words: readonly (string | number)[]): CommandSyntax {
  const { key, number, boolean, array } = (yargs as ParsedYargs).getOptions();
  const commands = (yargs as ParsedYargs).getInternalMethods().getCommandInstance().getCommands();
  const flags = Object.keys(key);
  return { name: words.join(' '), flags, numbers: number, booleans: boolean, lists: array, commands };
}

/** A flag as it was typed: `--max-bad=0.1` has the name `max-bad` and the value `0.1`. */
interface TypedFlag {
  name: string;
  value?: string;
}

/** The flags of a command line; yargs takes `--maxBad` as `--max-bad`, too. */
export function typedFlags(line: readonly string[]): TypedFlag[] {
  return line.flatMap((text, at) => {
    const [, name, own] = /^--([^=]+)(?:=(.*))?$/s.exec(text) ?? [];
    if (name === undefined) return [];
    const next = line[at + 1];
    const value = own ?? (next === undefined || next.startsWith('--') ? undefined : next);
    return [{ name: kebab(name), ...(value !== undefined && { value }) }];
  });
}

/** A name as flags have it: maxBad → max-bad. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A name as options have it: max-bad → maxBad. */
export function camel(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * Refuses what yargs would take in silence: a flag that comes twice where one value is expected, a text for a number, a flag
 * without its value, a value of a switch that is neither true nor false.
 *
 * @throws {InputError} naming the flag.
 */
export function refuseWrongValues(
  argv: Record<string, unknown>,
  { lists, numbers, booleans, flags }: CommandSyntax,
  line: readonly string[],
): void {
  const typed = typedFlags(line);
  const names = typed.map(({ name }) => name);
  const repeated = names.find((name, i) => !lists.includes(name) && names.indexOf(name) < i);
  if (repeated !== undefined) {
    const given = argv[repeated];
    throw new InputError(
      `expected --${repeated} once, got it twice${Array.isArray(given) ? `: ${given.join(', ')}` : ''}`,
    );
  }
  for (const { name, value } of typed) {
    if (numbers.includes(name) && !Number.isFinite(Number(value === '' ? NaN : (value ?? NaN))))
      throw new InputError(`expected --${name} to be a number, got ${value === undefined ? 'nothing' : value}`);
    if (booleans.includes(name) && line.some((text) => new RegExp(`^--${name}=(?!true$|false$)`).test(text)))
      throw new InputError(`expected --${name} alone, or --${name}=false, got ${value}`);
    if (flags.includes(name) && !booleans.includes(name) && (value === undefined || value === ''))
      throw new InputError(`expected a value after --${name}, got none`);
  }
}
