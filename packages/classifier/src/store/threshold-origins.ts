import { ruleName } from '@cxr-align/evaluation';
import type { StoredModel } from './stored-model.js';
import type { ThresholdChange } from './threshold-changes.js';

/** Where the threshold of a label is from. */
export interface ThresholdOrigin {
  rule: string;
  /** The change that set it; undefined where it is still that of training. */
  change?: ThresholdChange;
}

/** A model, as far as its thresholds are reported. */
export type ThresholdModel = Pick<StoredModel, 'graph' | 'thresholds' | 'thresholdChanges' | 'config'>;

/** Where the threshold of each label is from. */
export function thresholdOrigins({
  graph: { labels },
  thresholdChanges: changes = [],
  config,
}: ThresholdModel): ThresholdOrigin[] {
  const trainedBy = trainedRule(config);
  const holding = changesInForce(changes);
  return labels.map((label) => {
    const change = holding.findLast(({ labels: changed }) => Object.hasOwn(changed, label));
    return change ? { rule: change.labels[label].newRule, change } : { rule: trainedBy };
  });
}

/** The changes that were not taken back. */
export function changesInForce(changes: readonly ThresholdChange[]): ThresholdChange[] {
  const undone = new Set(changes.flatMap(({ undoes }) => (undoes === undefined ? [] : [undoes])));
  return changes.filter(({ number, undoes }) => undoes === undefined && !undone.has(number));
}

/** Where the thresholds are from, as a part of a sentence. */
export function thresholdOriginOf(model: ThresholdModel): string {
  const { graph, thresholds, thresholdChanges: changes = [], config } = model;
  const { labels } = graph;
  const unfitted = labels.filter((_, i) => Number.isNaN(thresholds[i]));
  const half = unfitted.length > 0 ? `; 0.5 for ${unfitted.join(', ')}, where none could be fitted` : '';
  const { validation } = config as TrainingKeys;
  const trained =
    validation === 'none'
      ? '0.5: nothing was fitted, for no validation split was used'
      : `fitted on ${validation === 'folds' ? 'out-of-fold predictions' : 'validation'} by ${trainedRule(config)}${half}`;
  const origins = thresholdOrigins(model);
  const changed = changes.flatMap((change) => {
    const own = labels.filter((_, i) => origins[i].change?.number === change.number);
    const rules = byRule(own, (label) => change.labels[label].newRule);
    return own.length === 0 ? [] : [`changed on ${change.date.slice(0, 10)} by ${change.by}: ${rules}`];
  });
  if (changed.length === 0) return trained;
  return [...changed, ...(origins.some(({ change }) => !change) ? [`the others ${trained}`] : [])].join('; ');
}

/** Labels by their rules: `given (Edema), sensitivity=0.9 (12 labels)`. */
function byRule(labels: readonly string[], ruleOf: (label: string) => string): string {
  return [...new Set(labels.map(ruleOf))]
    .map((rule) => {
      const own = labels.filter((label) => ruleOf(label) === rule);
      return `${rule} (${own.length > 3 ? `${own.length} labels` : own.join(', ')})`;
    })
    .join(', ');
}

/** What thresholds depend on of a training's configuration. */
interface TrainingKeys {
  threshold?: Parameters<typeof ruleName>[0];
  validation?: 'split' | 'none' | 'folds';
}

/** The rule that training chose thresholds by: a key of its configuration, which a model keeps. */
function trainedRule(config: object): string {
  const { threshold, validation } = config as TrainingKeys;
  if (validation === 'none') return 'none';
  return threshold === undefined ? 'training' : ruleName(threshold);
}
