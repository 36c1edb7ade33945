import { RandomStream } from '@cxr-align/random';
import data from './data/label-words.json' with { type: 'json' };
import { placeholdersOf, promptSet } from './prompt-sets.js';

/** The prompts of one label: texts for its presence, and texts for its absence. */
export interface LabelPromptTexts {
  label: string;
  positive: string[];
  negative: string[];
}

/** What is known about a label whose prompts are generated: plain data, for example from a label graph. */
export interface LabelTerms {
  label: string;
  /** The finding that the label denotes, if it has another name: the phrases of our vocabulary are found by it. */
  finding?: string;
  /** Observations that indicate the label, instead of those of our vocabulary. */
  descriptors?: readonly string[];
  /** Prompts of its own, instead of those of a set. */
  prompts?: { positive: readonly string[]; negative?: readonly string[] };
}

/** An observation that indicates a label, with the prompts for its presence and its absence. */
export interface Descriptor {
  text: string;
  positive: string;
  negative: string;
}

/** How prompts are generated. */
export interface LabelPromptOptions {
  /** The name of a registered prompt set, see `promptSetNames()`. Default `pairs`. */
  set?: string;
  /** The largest number of prompts of each kind and label; more are sampled by `seed`. 0 = all. Default 0. */
  count?: number;
  /** An integer in [0, 2³²). Default 0. */
  seed?: number;
}

interface Words {
  present: string;
  absent: string;
  description: string;
  normal: string;
  descriptors: readonly string[];
  grid?: Record<'severity' | 'subtype' | 'location', readonly string[]>;
}

const vocabulary = new Map(Object.entries(data.words as Record<string, Words>));

/**
 * Generates the prompts of each label from the templates of a prompt set. A template with placeholders of several values makes a
 * prompt of each combination. For a label that is not in our vocabulary, its name stands in for the phrases.
 *
 * @returns positive and negative prompts, in the order of the labels.
 * @throws {InputError} if no prompt set has that name.
 */
export function labelPrompts(
  labels: readonly (string | LabelTerms)[],
  { set = 'pairs', count = 0, seed = 0 }: LabelPromptOptions = {},
): LabelPromptTexts[] {
  const templates = promptSet(set);
  return labels.map((given) => {
    const terms = typeof given === 'string' ? { label: given } : given;
    const { label, prompts } = terms;
    const choose = (kind: 'positive' | 'negative'): string[] => {
      const own = prompts?.[kind];
      if (own) return [...own];
      const all = [...new Set(templates[kind].flatMap((template) => fill(template, fillingsOf(terms))))];
      return sample(all, count, { seed, purpose: `prompts/${set}/${kind}/${label}` });
    };
    return { label, positive: choose('positive'), negative: choose('negative') };
  });
}

/**
 * The observations that indicate each label: its own, else those of the finding that it denotes in our vocabulary, else its name.
 *
 * @see Pellegrini et al. 2023, arXiv:2303.13391 (Xplainer), for their use; the observations are our own wording.
 */
export function labelDescriptors(
  labels: readonly (string | LabelTerms)[],
): { label: string; descriptors: Descriptor[] }[] {
  const { positive, negative } = promptSet('descriptors');
  return labels.map((given) => {
    const terms = typeof given === 'string' ? { label: given } : given;
    const fillings = fillingsOf(terms);
    const descriptors = fillings.get('descriptor')!.map((text) => {
      const own = new Map([...fillings, ['descriptor', [text]], ['bare', [withoutArticle(text)]]]);
      return { text, positive: fill(positive[0], own)[0], negative: fill(negative[0], own)[0] };
    });
    return { label: terms.label, descriptors };
  });
}

/** The values of each placeholder. */
type Fillings = ReadonlyMap<string, readonly string[]>;

function fillingsOf({ label, finding, descriptors }: LabelTerms): Fillings {
  const spoken = spokenForm(label);
  const known = vocabulary.get(finding ?? '') ?? vocabulary.get(label);
  const own = descriptors ?? known?.descriptors ?? [];
  // A label without observations is its own observation.
  const observations = own.length > 0 ? own : [spoken];
  return new Map(
    Object.entries({
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
    }),
  );
}

/** "a nodule" is "nodule" after "no". */
function withoutArticle(text: string): string {
  return text.replace(/^(an?|the) /, '');
}

/** A template with each combination of the values of its placeholders. */
function fill(template: string, fillings: Fillings): string[] {
  return placeholdersOf(template)
    .reduce<string[]>(
      (texts, placeholder) =>
        texts.flatMap((text) =>
          fillings.get(placeholder)!.map((value) => text.replaceAll(`{${placeholder}}`, () => value)),
        ),
      [template],
    )
    .map((text) => text.replace(/\s+/g, ' ').trim());
}

function sample(all: string[], count: number, { seed, purpose }: { seed: number; purpose: string }): string[] {
  if (count === 0 || all.length <= count) return all;
  const chosen = new RandomStream({ seed, purpose }).permutation(all.length).slice(0, count);
  return [...chosen].sort((a, b) => a - b).map((at) => all[at]);
}

/** A label in running text: `Pneumonia/Viral/COVID-19` is "viral pneumonia covid-19", underscores are spaces. */
function spokenForm(label: string): string {
  const [first, ...rest] = label.split('/');
  const parts = rest.length === 0 ? [first] : [rest[0], first, ...rest.slice(1)];
  return parts.join(' ').replace(/_/g, ' ').toLowerCase();
}
