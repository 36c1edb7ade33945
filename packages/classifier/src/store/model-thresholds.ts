import { decidedRates, definedThreshold, type DecidedRates, type Predictions } from '@cxr-align/evaluation';
import type { StoredModel } from './stored-model.js';
import type { ThresholdChange } from './threshold-changes.js';
import { thresholdOriginOf, thresholdOrigins } from './threshold-origins.js';

/** The threshold of a label. */
export interface LabelThreshold {
  /** 0.5 where none could be fitted. */
  threshold: number;
  /** What chose it: the rule of training or of a change, `given` where a value was given. */
  rule: string;
  /** The number of the change that set it; null where it is that of training. */
  change: number | null;
  /** What it finds on the validation images, decided along the label graph: too good, for it was chosen there. */
  validation: DecidedRates | null;
  /** The same before the change. */
  before?: Pick<LabelThreshold, 'threshold' | 'rule' | 'validation'>;
}

/** The thresholds of a model. */
export interface ModelThresholds {
  labels: Record<string, LabelThreshold>;
  /** Where they are from. */
  origin: string;
  /** All changes since the training. */
  changes: readonly ThresholdChange[];
}

/**
 * The thresholds of a model, and what they find on its validation images.
 *
 * @param before the model before a change.
 * @param validation in the model's label order.
 */
export function describeThresholds({
  stored,
  before,
  validation,
}: {
  stored: StoredModel;
  before?: StoredModel;
  validation: Predictions | undefined;
}): ModelThresholds {
  const { graph, thresholdChanges: changes = [] } = stored;
  const [now, then] = [stored, before].map((model) => model && stateOf(model, validation));
  return {
    labels: Object.fromEntries(
      graph.labels.map((label, i) => {
        const earlier = then?.[i];
        return [label, { ...now![i], ...(earlier && { before: withoutChange(earlier) }) }];
      }),
    ),
    origin: thresholdOriginOf(stored),
    changes,
  };
}

function withoutChange({ threshold, rule, validation }: LabelThreshold): NonNullable<LabelThreshold['before']> {
  return { threshold, rule, validation };
}

function stateOf(model: StoredModel, validation: Predictions | undefined): Omit<LabelThreshold, 'before'>[] {
  const { graph, thresholds } = model;
  const origins = thresholdOrigins(model);
  const rates = validation && decidedRates(validation, thresholds, graph);
  return graph.labels.map((_, i) => ({
    threshold: definedThreshold(thresholds[i]),
    rule: origins[i].rule,
    change: origins[i].change?.number ?? null,
    validation: rates?.[i] ?? null,
  }));
}
