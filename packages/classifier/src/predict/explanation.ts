import { isFinding, isNoFinding } from '@cxr-align/evaluation';
import type { LabelGraph } from '@cxr-align/label-graph';
import type { ObservationShare, PromptView } from '../zero-shot/explanations.js';

/** What a probability is composed of, one part after the other. */
export interface ExplanationPart {
  /**
   * What it is: a branch or head of the ensemble, the score of an untrained label by its prompts, the calibration, the label above an
   * untrained one, the hierarchy, an observation, or a finding that speaks against No Finding.
   */
  kind: 'score' | 'prompts' | 'calibration' | 'parent' | 'hierarchy' | 'observation' | 'finding';
  /** Which one: `decoder, similarity head`, `platt`, the label that decided, the observation, the finding. */
  name: string;
  /** What it adds on the explanation's scale; null where that is infinite. */
  contribution: number | null;
  /** What it adds to the probability, after the parts before it. */
  change: number;
}

/** A finding that speaks against No Finding. */
export interface OpposingFinding {
  label: string;
  probability: number;
  positive: boolean;
}

/**
 * What the probability of a label is composed of: `start` and the contributions of all parts sum to `value`, which is the probability
 * on the `scale`; the changes of all parts and the probability at the start (0.5 of log-odds, else 1) sum to `probability`.
 */
export interface Explanation {
  /** The probability that is predicted for the label: of the ensemble, calibrated, after the hierarchy. */
  probability: number;
  /** Log-odds of a trained model, ln of the probability by prompts, or the probability itself for a zero-shot No Finding. */
  scale: 'log-odds' | 'log-probability' | 'probability';
  start: number;
  /** Null where a part is infinite: an isotonic calibration gives probabilities of 0 and 1. */
  value: number | null;
  parts: ExplanationPart[];
  /** Of No Finding: the findings that it excludes, the most probable first. */
  against?: OpposingFinding[];
  /** What the prompts alone say of the label: no part of the probability. Absent where they are its parts, or there are none. */
  promptsAlone?: PromptView;
}

/** A step of an explanation: where the value and the probability are after it. */
export interface ExplanationStep extends Pick<ExplanationPart, 'kind' | 'name'> {
  value: number;
  probability: number;
}

/** An explanation from the values after each of its steps; parts are their differences, so that they sum to the last one. */
export function explanationOf(
  scale: Explanation['scale'],
  steps: readonly ExplanationStep[],
): Pick<Explanation, 'probability' | 'scale' | 'start' | 'value' | 'parts'> {
  const begin =
    scale === 'log-odds' ? { value: 0, probability: 0.5 } : { value: scale === 'probability' ? 1 : 0, probability: 1 };
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  const last = steps.at(-1) ?? begin;
  const parts = steps.map(({ kind, name, value, probability }, i): ExplanationPart => {
    const before = steps[i - 1] ?? begin;
    const contribution = value === before.value ? 0 : finite(value - before.value);
    return { kind, name, contribution, change: probability - before.probability };
  });
  const isFinite = parts.every(({ contribution }) => contribution !== null);
  return { probability: last.probability, scale, start: begin.value, value: isFinite ? last.value : null, parts };
}

/** Explains a zero-shot label by its observations, whose contributions sum to ln of its probability. */
export function observationExplanation({ observations }: { observations: readonly ObservationShare[] }): Explanation {
  let value = 0;
  const steps = observations.map(({ observation, contribution }): ExplanationStep => {
    value += contribution;
    return { kind: 'observation', name: observation, value, probability: Math.exp(value) };
  });
  return explanationOf('log-probability', steps);
}

/** What speaks against No Finding, the most probable first; undefined for other labels. */
export function opposingFindings(
  label: string,
  graph: LabelGraph,
  predictions: Readonly<Record<string, { probability: number; positive: boolean }>>,
): OpposingFinding[] | undefined {
  if (!isNoFinding(label, graph)) return undefined;
  return graph.labels
    .filter((name) => isFinding(name, graph))
    .map((name) => ({ label: name, probability: predictions[name].probability, positive: predictions[name].positive }))
    .sort((a, b) => b.probability - a.probability);
}

/** Explains a zero-shot No Finding: 1 minus the probability of the most probable other label. */
export function excludedExplanation(name: string, probability: number): Explanation {
  return explanationOf('probability', [{ kind: 'finding', name, value: probability, probability }]);
}
