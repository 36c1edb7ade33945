/** One label, or a group that no table column stands for. */
export interface LabelDefinition {
  name: string;
  /** Broader labels or groups; none means that it hangs from the root. */
  parents?: readonly string[];
  /** Other words for the very same thing: columns and other label sets are matched by them. */
  synonyms?: readonly string[];
  /** Words that go with it without meaning the same; a text encoder may know them, nothing is matched by them. */
  related?: readonly string[];
  /** The known finding that it means, if its name alone says another or none. */
  means?: string;
  /** Concept in the Unified Medical Language System. */
  umls?: string;
  /** Observations on an image that speak for it, in place of those that a text encoder's prompt sets know. */
  descriptors?: readonly string[];
  /** Prompts of its own, in place of those of a prompt set. */
  prompts?: LabelPrompts;
  /** What its part of the classification loss is multiplied by, above 0. Default 1. */
  weight?: number;
  /** True for a node that only gathers others: it is in no label order. */
  group?: boolean;
}

/** Texts that say that a label is there, and that it is not. */
export interface LabelPrompts {
  positive: readonly string[];
  negative?: readonly string[];
}

/** A label graph as a JSON or YAML file holds it. */
export interface LabelGraphDefinition {
  name: string;
  version?: string;
  /** Where the labels and their hierarchy come from. */
  source?: string;
  /** The name of a shipped set whose labels this one takes over; what a label named again says replaces what it said. */
  extends?: string;
  labels: readonly LabelDefinition[];
  /** The label order, if it is another than that of `labels`. */
  order?: readonly string[];
}

/**
 * What can be wrong: `unknown-parent`, `cycle`, `duplicate` (two names for one label), `orphan` (a group without labels),
 * `unknown-set`, `unknown-label`, `format`; and against a table `unknown-column` and `no-column`.
 */
export type LabelGraphFault =
  | 'unknown-parent'
  | 'cycle'
  | 'duplicate'
  | 'orphan'
  | 'unknown-set'
  | 'unknown-label'
  | 'unknown-column'
  | 'no-column'
  | 'format';

/** What is wrong with a label graph; `kind` tells callers apart what people read in the message. */
export class LabelGraphError extends Error {
  override readonly name = 'LabelGraphError';

  constructor(
    readonly kind: LabelGraphFault,
    message: string,
    /** The labels at fault. */
    readonly labels: readonly string[] = [],
  ) {
    super(message);
  }
}
