/** One label, or a group that no table column stands for. */
export interface LabelDefinition {
  name: string;
  /** Broader labels or groups; none means that it hangs from the root. */
  parents?: readonly string[];
  /** Other words for the same thing. */
  synonyms?: readonly string[];
  /** True for a node that only gathers others: it is in no label order. */
  group?: boolean;
}

/** A label graph as a JSON or YAML file holds it. */
export interface LabelGraphDefinition {
  name: string;
  version?: string;
  /** Where the labels and their hierarchy come from. */
  source?: string;
  /** The name of a shipped set whose labels this one takes over; a label named again replaces its parents. */
  extends?: string;
  labels: readonly LabelDefinition[];
  /** The label order, if it is another than that of `labels`. */
  order?: readonly string[];
}

/** What is wrong with a label graph; `kind` tells callers apart what people read in the message. */
export class LabelGraphError extends Error {
  override readonly name = 'LabelGraphError';

  constructor(
    readonly kind: 'unknown-parent' | 'cycle' | 'duplicate' | 'unknown-set' | 'unknown-label' | 'format',
    message: string,
    /** The labels at fault. */
    readonly labels: readonly string[] = [],
  ) {
    super(message);
  }
}
