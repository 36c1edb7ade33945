import { InputError } from '@cxr-align/files';
import { RandomStream } from '@cxr-align/random';
import setData from './data/prompt-sets.json' with { type: 'json' };
import wordData from './data/label-words.json' with { type: 'json' };

/** The prompts of one label: texts that say it is there, and texts that say it is not. */
export interface LabelPromptTexts {
  label: string;
  positive: string[];
  negative: string[];
}

/** What is known of a label whose prompts are wanted: plain data, say from a label graph. */
export interface LabelTerms {
  label: string;
  /** The finding that it means, where that has another name: our words are found by it. */
  means?: string;
  /** Observations that speak for it, in place of ours. */
  descriptors?: readonly string[];
  /** Prompts of its own, in place of those of a set. */
  prompts?: { positive: readonly string[]; negative?: readonly string[] };
}

/** An observation that speaks for a label, and the prompts that say that it is there and that it is not. */
export interface Descriptor {
  text: string;
  positive: string;
  negative: string;
}

interface Words {
  present: string;
  absent: string;
  description: string;
  normal: string;
  descriptors: readonly string[];
  grid?: Record<'severity' | 'subtype' | 'location', readonly string[]>;
}

type Templates = Record<'positive' | 'negative', readonly string[]>;

const words = wordData.words as Record<string, Words | undefined>;
const sets = setData.sets as Record<string, Templates | undefined>;

/** The names of the prompt sets. */
export const promptSetNames: readonly string[] = Object.keys(sets);

export interface LabelPromptOptions {
  /** One of {@link promptSetNames}. Default `pairs`. */
  set?: string;
  /** At most so many prompts of each kind and label, drawn by `seed`; 0 = all. Default 0. */
  count?: number;
  /** Default 0. */
  seed?: number;
}

/**
 * The prompts of each label, from the templates of a set. A placeholder stands for the label as it is said (`{label}`), for
 * phrases of running text (`{present}`, `{absent}`, `{description}`, `{normal}`), or for each of several words: a template with
 * `{descriptor}` (`{bare}`: without its article) makes a prompt of each observation, one with `{severity}`, `{subtype}` and `{location}` one of each
 * combination. Labels that we have no words for are told by their names.
 *
 * @throws {InputError} if there is no set of that name.
 */
export function labelPrompts(
  labels: readonly (string | LabelTerms)[],
  { set = 'pairs', count = 0, seed = 0 }: LabelPromptOptions = {},
): LabelPromptTexts[] {
  const templates = sets[set];
  if (!templates) throw new InputError(`expected a prompt set of ${promptSetNames.join(', ')}, got ${set}`);
  return labels.map((given) => {
    const terms = typeof given === 'string' ? { label: given } : given;
    const { label, prompts } = terms;
    const choose = (kind: 'positive' | 'negative'): string[] => {
      const own = prompts?.[kind];
      if (own) return [...own];
      const all = [...new Set(templates[kind].flatMap((template) => fill(template, wordsOf(terms))))];
      return draw(all, count, { seed, purpose: `prompts/${set}/${kind}/${label}` });
    };
    return { label, positive: choose('positive'), negative: choose('negative') };
  });
}

/**
 * Observations that speak for each label: its own, else ours of the finding that it means, else its name alone.
 *
 * @see Pellegrini et al. 2023, arXiv:2303.13391 (Xplainer), for what they are good for; the observations are ours.
 */
export function labelDescriptors(
  labels: readonly (string | LabelTerms)[],
): { label: string; descriptors: Descriptor[] }[] {
  const { positive, negative } = sets.descriptors!;
  return labels.map((given) => {
    const terms = typeof given === 'string' ? { label: given } : given;
    const known = wordsOf(terms);
    const descriptors = known.descriptor.map((text) => {
      const said = { ...known, descriptor: [text], bare: [withoutArticle(text)] };
      return { text, positive: fill(positive[0], said)[0], negative: fill(negative[0], said)[0] };
    });
    return { label: terms.label, descriptors };
  });
}

/** What each placeholder may stand for. */
type Fillings = { label: readonly string[] } & Record<string, readonly string[]>;

function wordsOf({ label, means, descriptors }: LabelTerms): Fillings {
  const spoken = speakable(label);
  const known = words[means ?? ''] ?? words[label];
  const own = descriptors ?? known?.descriptors ?? [];
  // A label without observations is its own.
  const observations = own.length > 0 ? own : [spoken];
  return {
    label: [spoken],
    present: [known?.present ?? spoken],
    absent: [known?.absent ?? `no ${spoken}`],
    description: [known?.description ?? `There is ${spoken}.`],
    normal: [known?.normal ?? `There is no ${spoken}.`],
    severity: known?.grid?.severity ?? ['mild', 'severe'],
    subtype: known?.grid?.subtype ?? [''],
    location: known?.grid?.location ?? ['', 'on the right', 'on the left'],
    descriptor: observations,
    bare: observations.map(withoutArticle),
  };
}

/** "a nodule" is "nodule" where "no" goes before it. */
function withoutArticle(text: string): string {
  return text.replace(/^(an?|the) /, '');
}

/** A template with each combination of what its placeholders may stand for. */
function fill(template: string, fillings: Fillings): string[] {
  const places = [...new Set([...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))];
  return places
    .reduce<string[]>(
      (texts, place) =>
        texts.flatMap((text) => fillings[place].map((filling) => text.replaceAll(`{${place}}`, filling))),
      [template],
    )
    .map((text) => text.replace(/\s+/g, ' ').trim());
}

function draw(all: string[], count: number, { seed, purpose }: { seed: number; purpose: string }): string[] {
  if (count === 0 || all.length <= count) return all;
  const chosen = new RandomStream({ seed, purpose }).permutation(all.length).slice(0, count);
  return [...chosen].sort((a, b) => a - b).map((at) => all[at]);
}

/** A label as it is said: `Pneumonia/Viral/COVID-19` is "viral pneumonia covid-19", underscores are spaces. */
function speakable(label: string): string {
  const [first, ...rest] = label.split('/');
  const parts = rest.length === 0 ? [first] : [rest[0], first, ...rest.slice(1)];
  return parts.join(' ').replace(/_/g, ' ').toLowerCase();
}
