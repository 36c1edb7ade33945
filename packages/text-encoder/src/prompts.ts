import { InputError } from '@cxr-align/files';
import phraseData from './data/phrases.json' with { type: 'json' };
import setData from './data/prompt-sets.json' with { type: 'json' };

/** The prompts of one label: texts that say it is there, and texts that say it is not. */
export interface LabelPromptTexts {
  label: string;
  positive: string[];
  negative: string[];
}

const phrases = phraseData.phrases as Record<string, { present: string; absent: string } | undefined>;
const sets = setData.sets as Record<string, { positive: string[]; negative: string[] } | undefined>;

/** The names of the prompt sets. */
export const promptSetNames: readonly string[] = Object.keys(sets);

/**
 * The prompts of each label, from the templates of a set. `{label}` is the label in lower case, `{present}` and
 * `{absent}` a phrase of running text where one is known, else the label and "no" label.
 *
 * @throws {InputError} if there is no set of that name.
 */
export function labelPrompts(labels: readonly string[], set = 'pairs'): LabelPromptTexts[] {
  const templates = sets[set];
  if (!templates) throw new InputError(`expected a prompt set of ${promptSetNames.join(', ')}, got ${set}`);
  return labels.map((label) => {
    const spoken = speakable(label);
    const { present, absent } = phrases[label] ?? { present: spoken, absent: `no ${spoken}` };
    const fill = (template: string): string =>
      template.replace('{label}', spoken).replace('{present}', present).replace('{absent}', absent);
    return { label, positive: templates.positive.map(fill), negative: templates.negative.map(fill) };
  });
}

/** A label as it is said: `Pneumonia/Viral/COVID-19` is "viral pneumonia covid-19", underscores are spaces. */
function speakable(label: string): string {
  const [first, ...rest] = label.split('/');
  const words = rest.length === 0 ? [first] : [rest[0], first, ...rest.slice(1)];
  return words.join(' ').replace(/_/g, ' ').toLowerCase();
}
