import { configKeys } from '@cxr-align/training';
import type { Options } from 'yargs';

/** The keys of the configuration that are flags of their own; the others are set by --set. */
export const configFlags: Readonly<Record<string, string>> = {
  epochs: 'epochs',
  'batch-size': 'batchSize',
  'learning-rate': 'learningRate',
  'weight-decay': 'weightDecay',
  'image-size': 'image.size',
  patience: 'patience',
  'label-policy': 'labelPolicy',
  graph: 'graph',
  'classification-loss': 'classificationLoss',
  weighting: 'weighting',
  calibration: 'calibration',
  validation: 'validation',
};

/** These flags for yargs; their values are checked with the configuration. */
export function configFlagOptions(): Record<string, Options> {
  const known = configKeys();
  return Object.fromEntries(
    Object.entries(configFlags).map(([flag, key]): [string, Options] => {
      const { description, default: value, choices } = known.find((one) => one.key === key)!;
      const list = choices ? ` [${choices.join(', ')}]` : '';
      return [flag, { type: 'string', describe: `${description}${list}; default ${String(value)}` }];
    }),
  );
}

/** The flags that were given, as `--set` has them. */
export function configAssignments(given: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(configFlags).flatMap(([flag, key]) =>
    given[flag] === undefined ? [] : [`${key}=${String(given[flag])}`],
  );
}
