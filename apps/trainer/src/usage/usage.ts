import { InputError } from '@cxr-align/files';
import { configKeys, nearestKey, nearestName, suggestion } from '@cxr-align/training';
import { configFlags } from './config-flags.js';

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

/** What yargs reports of wrong usage, in our words: what was expected, what was found, the nearest name. */
export function usageText(message: string, syntax: CommandSyntax, line: readonly string[]): string {
  const [, names] = /^Unknown arguments?: (.+)$/m.exec(message) ?? [];
  if (names !== undefined) return unknownText(names.split(', '), syntax, line);
  const invalid = [...message.matchAll(/^ {2}Argument: (.+?), Given: (.*), Choices: (.*)$/gm)];
  if (invalid.length > 0)
    return invalid
      .map(([, name, given, choices]) => invalidText(name, unquoted(given), choices.split(', ').map(unquoted), line))
      .join('; ');
  const [, missing] = /^Missing required arguments?: (.+)$/m.exec(message) ?? [];
  if (missing !== undefined)
    return `expected ${missing
      .split(', ')
      .map((name) => `--${name}`)
      .join(' and ')}, got none; ${help(syntax)}`;
  const [, got, least] = /^Not enough non-option arguments: got (\d+), need at least (\d+)/.exec(message) ?? [];
  if (got !== undefined) return `expected ${least} or more arguments, got ${got}; ${help(syntax)}`;
  return message;
}

function help({ name }: CommandSyntax): string {
  return `cxr-align ${name} --help lists what it takes`;
}

function unquoted(text: string): string {
  return text.replace(/^"(.*)"$/, '$1');
}

function invalidText(name: string, given: string, choices: readonly string[], line: readonly string[]): string {
  const isFlag = typedFlags(line).some((flag) => flag.name === kebab(name));
  return `expected ${isFlag ? `--${name}` : name} to be one of ${choices.join(', ')}, got ${given}${suggestion(nearestName(given, choices))}`;
}

/** yargs names a flag as it was typed and in camel case. */
function unknownText(names: readonly string[], syntax: CommandSyntax, line: readonly string[]): string {
  const short = line.find((text) => /^-[a-zA-Z][\w-]+/.test(text));
  const typed = new Set(typedFlags(line).map(({ name }) => name));
  const unknown = [...new Set(names.map(kebab))];
  if (short !== undefined && unknown.some((name) => name.length === 1 && short.includes(name)))
    return `expected flags with two dashes, got ${short}; use -${short}`;
  return unknown.map((name) => (typed.has(name) ? unknownFlag(name, syntax) : unknownWord(name, syntax))).join('; ');
}

function unknownFlag(name: string, syntax: CommandSyntax): string {
  const takesKeys = syntax.flags.includes('set');
  const keys = takesKeys ? configKeys().map(({ key }) => key) : [];
  const got = `expected a flag of cxr-align ${syntax.name}, got --${name}`;
  const key = keys.find((one) => kebab(one) === name) ?? nearestKeyOfOtherName(name, keys);
  const flag = (key === undefined ? undefined : flagOfKey(key, syntax)) ?? nearestName(name, syntax.flags);
  if (key !== undefined && (flag === undefined || flagOfKey(key, syntax) === undefined))
    return `${got}; use --set ${key}=VALUE`;
  if (flag !== undefined) return `${got}; did you mean --${flag}?`;
  const near = nearestKey(camel(name), keys);
  return near === undefined ? `${got}; ${help(syntax)}` : `${got}; did you mean --set ${near}=VALUE?`;
}

/** The key whose name in another library was typed, such as lr. */
function nearestKeyOfOtherName(name: string, keys: readonly string[]): string | undefined {
  const nearest = nearestKey(camel(name), keys);
  return nearest !== undefined && nearestName(camel(name), [nearest]) === undefined ? nearest : undefined;
}

function flagOfKey(key: string, { flags }: CommandSyntax): string | undefined {
  return Object.keys(configFlags).find((flag) => configFlags[flag] === key && flags.includes(flag));
}

function unknownWord(word: string, syntax: CommandSyntax): string {
  const { commands } = syntax;
  if (commands.length === 0) return `expected no further argument, got ${word}; ${help(syntax)}`;
  const names = commands.map((command) => command.split(' ')[0]);
  return `expected a command of ${names.join(', ')}, got ${word}${suggestion(nearestName(word, names))}`;
}
