import { configKeys, nearestKey, nearestName, suggestion } from '@cxr-align/training';
import { configFlags } from './config-flags.js';
import { camel, kebab, typedFlags, type CommandSyntax } from './syntax.js';

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
