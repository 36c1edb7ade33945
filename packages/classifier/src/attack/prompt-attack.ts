import { InputError } from '@cxr-align/files';
import type { LabelGraph } from '@cxr-align/label-graph';
import {
  attackPrompt,
  conceptDimensions,
  encodeEnsembles,
  labelPrompts,
  naturalEdits,
  rowCosine,
  type AttackMethod,
  type LabelPromptTexts,
  type LabelTerms,
  type NaturalEdit,
  type TextEncoder,
} from '@cxr-align/text-encoder';
import type { Split } from '@cxr-align/datasets';
import { type MaybeNumber, fixed } from '@cxr-align/evaluation';
import type { Progress } from '../progress.js';
import { termsOf } from '../texts/frozen-texts.js';

/** A changed prompt, and what became of its embedding. */
export interface ChangedPrompt {
  text: string;
  /** To the prompt as it was. */
  cosine: number;
  drop: number;
  /** The label among all others whose prompts are nearest. */
  nearest: string;
  /** Cosine to the own label's prompts less that to the nearest other's, before and after. */
  marginBefore: number;
  marginAfter: number;
  /** Whether another label's prompts are nearer than its own. */
  flips: boolean;
}

/** One label's prompt under attack. */
export interface AttackedLabel {
  label: string;
  prompt: string;
  suffixes: Record<string, ChangedPrompt & { suffix: string; evaluations: number }>;
  edits: (ChangedPrompt & { edit: NaturalEdit })[];
}

/** Macro AUROC with the prompts changed in a way; `prompts` alone: the score of the similarity to prompts. */
export interface AttackedScores {
  split: Split;
  before: { model: MaybeNumber; prompts: MaybeNumber };
  after: Record<string, { model: MaybeNumber; prompts: MaybeNumber }>;
}

/** What `prompts attack` found. */
export interface AttackResult {
  encoder: string;
  labels: AttackedLabel[];
  /** Means over the labels, by method and by kind of edit. */
  summary: Record<string, { drop: number; flips: number; prompts: number }>;
  /** Dimensions that counted; null for all. */
  dimensions: number | null;
  /** Macro AUROC of a run with its prompts as they were, and changed. */
  auroc?: AttackedScores;
}

export interface AttackRequest {
  set: string;
  methods: readonly AttackMethod[];
  /** Characters of a suffix, and texts that a search may encode; the search's own unless given. */
  length: number;
  budget?: number;
  seed: number;
  /** A label whose dimensions alone are attacked. */
  concept?: string;
}

/** Attacks the first prompt of each label. */
export async function attackPrompts(
  encoder: TextEncoder,
  graph: LabelGraph,
  { set, methods, length, budget, seed, concept }: AttackRequest,
  progress: Progress,
): Promise<AttackResult> {
  const terms = termsOf(graph);
  const prompts = labelPrompts(terms, { set });
  const clean = await encodeEnsembles(
    encoder,
    prompts.map(({ positive }) => positive),
  );
  const dimensions = concept === undefined ? undefined : await dimensionsOf(encoder, prompts, graph, concept);
  const others = ['basic', 'pairs', 'question', 'report'].filter((name) => name !== set);
  const bar = progress.start('attacking prompts', prompts.length);
  const labels: AttackedLabel[] = [];
  for (const [i, { label, positive, negative }] of prompts.entries()) {
    const [prompt] = positive;
    const measure = changeOf(encoder, { graph, clean, row: i, prompt });
    const suffixes: AttackedLabel['suffixes'] = {};
    for (const method of methods) {
      const { suffix, text, evaluations } = await attackPrompt(encoder, prompt, {
        method,
        length,
        budget,
        seed,
        dimensions,
      });
      suffixes[method] = { suffix, evaluations, ...(await measure([text]))[0] };
    }
    const edited = naturalEdits(
      prompt,
      {
        name: nameIn(prompt, terms[i]),
        synonyms: synonymsOf(graph, terms[i]),
        others: others.map((name) => labelPrompts([terms[i]], { set: name })[0].positive[0]),
        negative: negative.slice(0, 1),
      },
      { seed },
    );
    const changed = await measure(edited.map(({ text }) => text));
    labels.push({ label, prompt, suffixes, edits: edited.map(({ edit }, at) => ({ edit, ...changed[at] })) });
    bar.update(i + 1);
  }
  bar.stop();
  return {
    encoder: encoder.name,
    labels,
    summary: summaryOf(labels),
    dimensions: dimensions?.length ?? null,
  };
}

/** What becomes of a label's prompt when it is changed. */
function changeOf(
  encoder: TextEncoder,
  { graph, clean, row, prompt }: { graph: LabelGraph; clean: Float32Array; row: number; prompt: string },
): (texts: readonly string[]) => Promise<ChangedPrompt[]> {
  const { dim } = encoder;
  const standing = (vectors: Float32Array, at: number): { nearest: number; margin: number } => {
    const cosines = graph.labels.map((_, b) => rowCosine(vectors, clean, { dim, a: at, b }));
    const own = cosines[row];
    cosines[row] = -Infinity;
    const nearest = cosines.indexOf(Math.max(...cosines));
    return { nearest, margin: own - cosines[nearest] };
  };
  return async (texts) => {
    const vectors = await encoder.encode([prompt, ...texts]);
    const before = standing(vectors, 0);
    return texts.map((text, i) => {
      const { nearest, margin } = standing(vectors, i + 1);
      const cosine = rowCosine(vectors, vectors, { dim, a: 0, b: i + 1 });
      return {
        text,
        cosine,
        drop: 1 - cosine,
        nearest: graph.labels[nearest],
        marginBefore: before.margin,
        marginAfter: margin,
        flips: margin < 0,
      };
    });
  };
}

/** Dimensions that speak of a label: those that change wherever its prompt is taken away from beside another's. */
async function dimensionsOf(
  encoder: TextEncoder,
  prompts: readonly LabelPromptTexts[],
  graph: LabelGraph,
  concept: string,
): Promise<number[]> {
  const label = graph.find(concept);
  const own = prompts.find((one) => one.label === label);
  if (!own) throw new InputError(`expected --concept to be a label (${graph.labels.join(', ')}), got ${concept}`);
  const pairs = prompts
    .filter((one) => one !== own)
    .map(({ positive: [text] }) => ({ with: `${text} ${own.positive[0]}`, without: text }));
  const found = await conceptDimensions(encoder, pairs);
  if (found.length === 0)
    throw new InputError(
      `expected dimensions that speak of ${concept}, got none on which nine of ten prompts agree; leave --concept out`,
    );
  return found;
}

/** What a prompt calls the label: its name, or that of the finding that it stands for. */
function nameIn(prompt: string, { label, finding = label }: LabelTerms): string {
  const names = [label.replace(/_/g, ' '), finding];
  return names.find((name) => prompt.toLowerCase().includes(name.toLowerCase())) ?? label;
}

/** Other words for the label, three at most. */
function synonymsOf(graph: LabelGraph, { label, finding = '' }: LabelTerms): string[] {
  return [...new Set([...graph.node(label).synonyms, ...(graph.vocabulary.find(finding)?.synonyms ?? [])])]
    .filter((one) => one.toLowerCase() !== label.toLowerCase())
    .slice(0, 3);
}

function summaryOf(labels: readonly AttackedLabel[]): AttackResult['summary'] {
  const all = labels.flatMap(({ suffixes, edits }) => [
    ...Object.entries(suffixes).map(([name, one]) => [name, one] as const),
    ...edits.map((one) => [one.edit, one] as const),
  ]);
  return Object.fromEntries(
    [...new Set(all.map(([name]) => name))].map((name) => {
      const ones = all.filter(([other]) => other === name).map(([, one]) => one);
      const mean = (value: (one: ChangedPrompt) => number): number =>
        ones.reduce((sum, one) => sum + value(one), 0) / ones.length;
      return [
        name,
        { drop: mean(({ drop }) => drop), flips: mean(({ flips }) => Number(flips)), prompts: ones.length },
      ];
    }),
  );
}

/** The result as text for a terminal. */
export function attackText({ encoder, labels, summary, dimensions, auroc }: AttackResult): string {
  const methods = Object.keys(labels[0]?.suffixes ?? {});
  const width = Math.max(...labels.map(({ label }) => label.length));
  return [
    `text encoder ${encoder}${dimensions === null ? '' : `, ${dimensions} dimensions of the concept alone`}`,
    ...labels.flatMap(({ label, prompt, suffixes }) => [
      `${label.padEnd(width)}  ${prompt}`,
      ...methods.map((method) => {
        const { suffix, cosine, nearest, flips } = suffixes[method];
        return `${''.padEnd(width)}  ${method.padEnd(8)} ${JSON.stringify(suffix)} cosine ${cosine.toFixed(3)}${flips ? `, now nearest to ${nearest}` : ''}`;
      }),
    ]),
    '',
    'change      mean drop  nearest to another label',
    ...Object.entries(summary).map(
      ([name, { drop, flips, prompts }]) =>
        `${name.padEnd(10)}  ${drop.toFixed(3).padStart(9)}  ${`${(100 * flips).toFixed(0)} % of ${prompts}`}`,
    ),
    ...(auroc
      ? [
          '',
          `macro AUROC on ${auroc.split}   model  prompts alone`,
          ...[['as it was', auroc.before] as const, ...Object.entries(auroc.after)].map(
            ([name, { model, prompts }]) => `${name.padEnd(20)}  ${fixed(model) ?? '–'}  ${fixed(prompts) ?? '–'}`,
          ),
        ]
      : []),
  ].join('\n');
}
