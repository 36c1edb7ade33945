import { printableText } from '@cxr-align/files/printable';

/** One label, or a group that no table column stands for. */
export interface LabelDefinition {
  name: string;
  /** Broader labels or groups; none means that it hangs from the root. */
  parents?: readonly string[];
  /** Other words for the very same thing: columns and other label sets are matched by them. */
  synonyms?: readonly string[];
  /** Words that go with it without meaning the same; a text encoder may know them, nothing is matched by them. */
  associatedTerms?: readonly string[];
  /** The finding of the vocabulary that it stands for, if its name alone names another or none. */
  finding?: string;
  /** Concept in the Unified Medical Language System, such as C0032285. */
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

/** Texts that describe an image with the label, and one without. */
export interface LabelPrompts {
  positive: readonly string[];
  negative?: readonly string[];
}

/** A finding of a vocabulary without its name: what ties labels of different sets together. */
export interface FindingDefinition {
  /** Findings that it implies: a rib fracture is a fracture. */
  parents?: readonly string[];
  synonyms?: readonly string[];
  associatedTerms?: readonly string[];
  umls?: string;
}

/** A label graph as a JSON or YAML file holds it. */
export interface LabelGraphDefinition {
  name: string;
  version?: string;
  /** Where the labels and their hierarchy come from. */
  source?: string;
  /** Name of the node above all labels. Default `Chest X-ray Findings`, or that of the set it extends. */
  root?: string;
  /**
   * The label set whose labels this one takes over, by its registered name or as a definition; a label that is named again
   * replaces only the keys it gives.
   */
  extends?: string | LabelGraphDefinition;
  /** Findings that the standard vocabulary lacks, by name; a known name adds synonyms, parents and terms to it. */
  findings?: Readonly<Record<string, FindingDefinition>>;
  labels: readonly LabelDefinition[];
  /** The label order, if it is another than that of `labels`. */
  order?: readonly string[];
}

/**
 * What can be wrong: `unknown-parent`, `cycle`, `duplicate` (two names for one label, two sets of one name), `orphan` (a
 * group without labels), `unknown-set`, `unknown-label`, `unknown-finding`, `format`; and against a table
 * `unknown-column` and `no-column`.
 */
export type LabelGraphFault =
  | 'unknown-parent'
  | 'cycle'
  | 'duplicate'
  | 'orphan'
  | 'unknown-set'
  | 'unknown-label'
  | 'unknown-finding'
  | 'unknown-column'
  | 'no-column'
  | 'format';

/** What is wrong with a label graph; `kind` lets callers distinguish what people read in the message. */
export class LabelGraphError extends Error {
  override readonly name = 'LabelGraphError';

  constructor(
    readonly kind: LabelGraphFault,
    message: string,
    /** The labels at fault. */
    readonly labels: readonly string[] = [],
  ) {
    super(printableText(message));
  }
}
