import { enforceHierarchy, type LabelGraph } from '@cxr-align/label-graph';

/**
 * The probabilities that labels are decided on: those that thresholds and conformal sets are fitted on in validation.
 *
 * @param config `enforceHierarchy`: whether a parent is as probable as its likeliest descendant before thresholds are
 *   fitted and applied.
 * @param probabilities calibrated, [rows, labels] row by row in the graph's label order, not rounded.
 */
export function decisionProbabilities(
  config: { enforceHierarchy: boolean },
  graph: LabelGraph,
  probabilities: Float64Array,
): Float64Array {
  return config.enforceHierarchy ? enforceHierarchy(probabilities, graph) : probabilities;
}

/** Values and the thresholds on their scale. */
export interface Decision {
  /** [rows, labels] row by row, as the thresholds were fitted on them (see {@link decisionProbabilities}), not rounded. */
  probabilities: ArrayLike<number>;
  /** One a label; NaN (none could be fitted) counts as 0.5. */
  thresholds: ArrayLike<number>;
  /** The labels, in the same order; decisions then follow its hierarchy. Each label is decided alone unless given. */
  graph?: LabelGraph;
}

/** The rule of {@link decideLabels} in a sentence. */
export const decisionRule =
  'a label is positive where its probability reaches its threshold, or where a label below it is positive; No Finding is negative where a finding is positive (support devices are no findings)';

/**
 * Decides labels: 1 where a probability reaches its label's threshold, else 0, also where the probability is NaN. With a label
 * graph the decisions follow it ({@link decisionRule}), whatever the thresholds are.
 * Prediction and evaluation both decide by this function, so that the sensitivity of an evaluation holds for predictions.
 *
 * @returns [rows, labels] row by row.
 * @throws {RangeError} if the probabilities are no whole number of rows, or if the graph has another number of labels.
 */
export function decideLabels({ probabilities, thresholds, graph }: Decision): Uint8Array {
  const labels = thresholds.length;
  if (labels === 0 ? probabilities.length > 0 : probabilities.length % labels !== 0)
    throw new RangeError(
      `evaluation/decideLabels: expected probabilities [rows, ${labels}], got ${probabilities.length} values; pass a threshold for each label`,
    );
  if (graph && graph.labels.length !== labels)
    throw new RangeError(
      `evaluation/decideLabels: expected a graph of ${labels} labels, got one of ${graph.labels.length}; pass a threshold for each of its labels`,
    );
  const alone = Uint8Array.from(probabilities, (p, at) => (p >= definedThreshold(thresholds[at % labels]) ? 1 : 0));
  return graph ? followHierarchy(alone, graph) : alone;
}

/** Decisions of labels alone, with their hierarchy. */
function followHierarchy(alone: Uint8Array, graph: LabelGraph): Uint8Array {
  const { labels } = graph;
  const raised = enforceHierarchy(alone, graph);
  const decided = Uint8Array.from(raised);
  const placesOf = (is: (label: string, graph: LabelGraph) => boolean): number[] =>
    labels.flatMap((label, i) => (is(label, graph) ? [i] : []));
  const normal = placesOf(isNoFinding);
  const findings = normal.length > 0 ? placesOf(isFinding) : [];
  for (let start = 0; start < decided.length; start += labels.length)
    if (findings.some((i) => decided[start + i] === 1)) for (const i of normal) decided[start + i] = 0;
  return decided;
}

/** Whether a label of one row is positive. */
export interface LabelDecision {
  positive: boolean;
  /**
   * The label that decided where the label's own probability would decide otherwise: the most probable positive one below it, or the most
   * probable finding that excludes No Finding.
   */
  decidedBy?: string;
}

/**
 * Decides the labels of one row as {@link decideLabels} does, and names the label that decided.
 *
 * @returns in the graph's label order.
 * @throws {RangeError} as {@link decideLabels}.
 */
export function decideRow({ graph, ...own }: Decision & { graph: LabelGraph }): LabelDecision[] {
  const alone = decideLabels(own);
  const decided = followHierarchy(alone, graph);
  const { labels } = graph;
  const column = new Map(labels.map((label, i) => [label, i]));
  const likeliest = (names: readonly string[]): string | undefined =>
    names
      .filter((name) => alone[column.get(name) ?? -1] === 1)
      .sort((a, b) => own.probabilities[column.get(b)!] - own.probabilities[column.get(a)!])[0];
  return labels.map((label, i) => {
    const positive = decided[i] === 1;
    if (decided[i] === alone[i]) return { positive };
    const deciding = positive ? graph.descendants(label) : labels.filter((name) => isFinding(name, graph));
    return { positive, decidedBy: likeliest(deciding) };
  });
}

/** Whether a label means that there is no finding. */
export function isNoFinding(label: string, graph: LabelGraph): boolean {
  return graph.finding(label)?.name === 'No Finding';
}

/** Whether a label excludes No Finding: all others but those of devices do. */
export function isFinding(label: string, graph: LabelGraph): boolean {
  const finding = graph.finding(label);
  const names = finding ? [finding.name, ...(finding.parents ?? [])] : [];
  return !names.includes('No Finding') && !names.includes('Support Devices');
}

/** The threshold of a label: 0.5 where none could be fitted. */
export function definedThreshold(threshold: number): number {
  return Number.isNaN(threshold) ? 0.5 : threshold;
}
