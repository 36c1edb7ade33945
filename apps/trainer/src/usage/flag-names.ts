import { configFlags } from './config-flags.js';
import { camel, type CommandSyntax, typedFlags } from './syntax.js';

/** What libraries suggest, and the flags that do it. */
const suggestions: readonly [RegExp, string][] = [
  [/\bresume or overwrite it\b/, 'add --resume or --overwrite'],
  [/\bor overwrite it\b/, 'or add --overwrite'],
  [/\btrain without resume\b/, 'train without --resume'],
  [/\bexpected resume or overwrite\b/, 'expected --resume or --overwrite'],
];

/**
 * An error of a library with the flags in the place of its options: `maxBad` becomes `--max-bad`. A name of one word is
 * replaced only where the sentence is about it and the flag was typed: `expected images to be …` after `--images 0`.
 */
export function withFlagNames(message: string, { flags }: CommandSyntax, line: readonly string[]): string {
  const typed = new Set(typedFlags(line).map(({ name }) => name));
  let text = suggestions.reduce((changed, [words, flag]) => changed.replace(words, flag), message);
  for (const flag of flags) {
    const option = camel(flag);
    // A key of the configuration is a flag only where it was typed as one.
    if (flag in configFlags && !typed.has(flag)) continue;
    if (option !== flag) text = text.replace(new RegExp(`(?<![\\w./-])${option}(?![\\w/-]|\\.\\w)`, 'g'), `--${flag}`);
    else {
      text = text.replace(new RegExp(`\\bthe option ${flag}\\b`, 'g'), `--${flag}`);
      // In what an error suggests: give the table (boxes).
      text = text.replace(new RegExp(`(;[^;]*)\\(${flag}\\)`), `$1(--${flag})`);
      if (typed.has(flag))
        text = text.replace(new RegExp(`(^|: )expected ${flag}(?= to | of |,)`), `$1expected --${flag}`);
    }
  }
  return text;
}
