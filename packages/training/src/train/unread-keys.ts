import { configKeys } from '../config/config.js';
import type { Config } from '../config/config-schema.js';
import { heads, type HeadOptions } from '@cxr-align/heads';

/** The keys that a training without epochs reads whatever its head, those below them included. */
const read = [
  'model',
  'seed',
  'validation',
  'encoder.kind',
  'encoder.views',
  'augmentation',
  'image',
  'labelPolicy',
  'labelPolicyByLabel',
  'noFinding',
  'teacher',
  'propagateToAncestors',
  'enforceHierarchy',
  'graph',
  'threshold',
  'calibration',
  'conformalAlpha',
  'fairness',
  'errorThumbnails',
  'bootstrap',
  'head.views',
];

/** The keys whose value is not the default and that the model of a configuration does not read. */
export function unreadKeys(config: Config): string[] {
  const own = new Set(readByHeads(config));
  return configKeys().flatMap(({ key, default: standard }) => {
    const isRead = own.has(key) || read.some((one) => key === one || key.startsWith(`${one}.`));
    return isRead || JSON.stringify(valueAt(config, key)) === JSON.stringify(standard) ? [] : [key];
  });
}

/** The keys that the heads of a configuration read. */
function readByHeads({ model, head }: Config): string[] {
  const names = model === 'auto' ? head.candidates : [model];
  const all = names.flatMap((name) => (name === 'stack' ? ['stack', ...head.of] : [name]));
  const types = all.filter((name) => heads.has(name)).map((name) => heads.get(name));
  const usesTexts = types.some(({ usesTexts: uses }) =>
    typeof uses === 'function' ? uses(head as HeadOptions) : uses === true,
  );
  return [
    ...types.flatMap(({ reads }) => reads.map((option) => `head.${option}`)),
    ...(types.some(({ usesArchive }) => usesArchive) ? ['head.archive'] : []),
    ...(model === 'auto' ? ['head.candidates', 'head.folds'] : []),
    ...(usesTexts
      ? ['prompts.set', 'prompts.encoder', 'prompts.count', 'prompts.embeddings', 'prompts.embeddingLabels']
      : []),
  ];
}

function valueAt(config: object, key: string): unknown {
  return key.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], config);
}
