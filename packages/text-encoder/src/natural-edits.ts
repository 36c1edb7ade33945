import { RandomStream } from '@cxr-align/random';

/** How people vary a text. */
export type NaturalEdit = 'case' | 'typo' | 'synonym' | 'template' | 'negation';

/** A varied text. */
export interface EditedText {
  edit: NaturalEdit;
  text: string;
}

/**
 * Natural variants of a prompt: in capitals, with two letters swapped, with a synonym for the label, from other templates, and
 * negated. Variants that equal the text are omitted.
 *
 * @param text a prompt that contains the name of the label.
 * @param words the name of the label, its synonyms, prompts from other sets, and negative prompts.
 */
export function naturalEdits(
  text: string,
  {
    name,
    synonyms = [],
    others = [],
    negative = [],
  }: { name: string; synonyms?: readonly string[]; others?: readonly string[]; negative?: readonly string[] },
  { seed = 0 }: { seed?: number } = {},
): EditedText[] {
  const random = new RandomStream({ seed, purpose: `edits/${text}` });
  const spoken = new RegExp(name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i');
  const edits: EditedText[] = [
    { edit: 'case', text: text.toUpperCase() },
    { edit: 'typo', text: swapLetters(text, random) },
    ...synonyms.flatMap((synonym) =>
      spoken.test(text) ? [{ edit: 'synonym' as const, text: text.replace(spoken, () => synonym) }] : [],
    ),
    ...others.map((other) => ({ edit: 'template' as const, text: other })),
    ...negative.map((negated) => ({ edit: 'negation' as const, text: negated })),
  ];
  return edits.filter((edited) => edited.text !== text);
}

/** Swaps two neighbouring letters in the middle of the longest word that has four or more. */
function swapLetters(text: string, random: RandomStream): string {
  const words = text.split(' ');
  const longest = words.reduce((best, word, i) => (word.length > words[best].length ? i : best), 0);
  const word = words[longest];
  if (word.length < 4) return text;
  const at = 1 + random.integer(word.length - 3);
  words[longest] = word.slice(0, at) + word[at + 1] + word[at] + word.slice(at + 2);
  return words.join(' ');
}
