import type { LabelEvaluation } from './evaluation-schema.js';

/** Names as a list; of many only the first. */
function namesOf(names: readonly string[]): string {
  const most = 4;
  return names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}

/** What a mean over labels is a mean of: what it leaves out, and which of its labels have too few images to tell. */
export function macroSentence({
  labels,
  undefinedLabels,
}: {
  labels: Readonly<Record<string, Pick<LabelEvaluation, 'reliability'>>>;
  undefinedLabels: readonly string[];
}): string {
  const all = Object.keys(labels);
  const kept = all.filter((label) => !undefinedLabels.includes(label));
  const few = kept.filter((label) => labels[label].reliability === 'too few');
  return [
    `mean of ${kept.length === all.length ? `${all.length === 1 ? 'the one label' : `all ${all.length} labels`}` : `${kept.length} of ${all.length} labels`}`,
    ...(undefinedLabels.length > 0 ? [`left out, since only one class is present: ${namesOf(undefinedLabels)}`] : []),
    ...(few.length > 0 ? [`in it, though too few to tell: ${namesOf(few)}`] : []),
  ].join('; ');
}
