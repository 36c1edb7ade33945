import { labelPolicies, type LabelPolicy } from '@cxr-align/datasets';
import { modelTypes } from '@cxr-align/classifier';
import { heads } from '@cxr-align/heads';
import { configSchema, parts, type Config, type Part } from './config-schema.js';

/** The label policies that a configuration names. */
function policiesOf({ labelPolicy, labelPolicyByLabel }: Config): LabelPolicy[] {
  return [labelPolicy, ...Object.values(labelPolicyByLabel)].map((name) => labelPolicies[name]);
}

/** The parts of a model that are trained while others are frozen. */
function trainedParts({ model, encoder, freeze, learningRates }: Config): readonly Part[] {
  const own = parts.filter((part) => {
    const { usesFeatureMap, usesPrompts } = modelTypes.get(model);
    if (!usesFeatureMap) return part === 'heads';
    if (part === 'encoder') return encoder.kind !== 'frozen' || encoder.tune !== 'none';
    return part !== 'prompts' || usesPrompts;
  });
  return own.filter((part) => learningRates[part] > 0 && !freeze.parts.includes(part));
}

/** Whether a name is that of a head, not of a choice among heads. */
function isSingleHead(name: string): boolean {
  return heads.has(name) && name !== 'stack';
}

/** What must hold between the keys: which one is at fault, when it is sound, and the message otherwise. */
const rules: readonly { key: keyof Config; isSound: (config: Config) => boolean; message: string }[] = [
  {
    key: 'positiveWeight',
    isSound: ({ positiveWeight, classificationLoss }) => positiveWeight === 'none' || classificationLoss === 'bce',
    message: 'expected none unless classificationLoss is bce: the other losses take no weights of positives',
  },
  {
    key: 'weightingTemperature',
    isSound: ({ weightingTemperature, weighting }) =>
      weightingTemperature === 0 || weighting === 'task-difficulty' || weighting === 'dynamic',
    message: 'expected 0 unless weighting is task-difficulty or dynamic: the others have no temperature',
  },
  {
    key: 'teacher',
    isSound: (config) =>
      (config.teacher !== '') === policiesOf(config).some(({ uncertain }) => uncertain === 'estimate'),
    message: 'expected the run folder of an earlier model with the policy u-self-trained, and none without it',
  },
  {
    key: 'classificationLoss',
    isSound: (config) =>
      config.classificationLoss === 'bce' ||
      policiesOf(config).every(({ uncertain }) => ['zeros', 'ones', 'ignore'].includes(uncertain)),
    message: 'expected bce with a policy that makes soft targets: the other losses take 0 and 1',
  },
  {
    key: 'mixup',
    isSound: (config) =>
      config.mixup === 0 ||
      (config.classificationLoss === 'bce' && policiesOf(config).every(({ classes }) => classes === undefined)),
    message: 'expected 0 unless classificationLoss is bce and no policy has three classes: mixed targets are soft',
  },
  {
    key: 'logitAdjustment',
    isSound: (config) =>
      config.logitAdjustment === 0 || policiesOf(config).every(({ classes }) => classes === undefined),
    message: 'expected 0 with a policy of three classes: its loss takes no logits of labels',
  },
  {
    key: 'prompts',
    isSound: ({ prompts: { embeddings, sampling, mixture, tokens } }) =>
      embeddings === '' || (!sampling && !tokens && mixture.length === 0),
    message: 'expected no sampling, tokens or mixture with embeddings made elsewhere: they have no texts',
  },
  {
    key: 'prompts',
    isSound: ({ prompts: { context, contextPerLabel, tokens, sampling } }) =>
      (context > 0 || (!contextPerLabel && !tokens)) && !(tokens && sampling),
    message: 'expected a context of 1 or more with contextPerLabel or tokens, and no sampling with tokens',
  },
  {
    key: 'alignEpochs',
    isSound: ({ alignEpochs, model, weighting, losses, epochs }) =>
      alignEpochs === 0 ||
      (modelTypes.get(model).usesPrompts && weighting === 'fixed' && losses.contrastive > 0 && alignEpochs < epochs),
    message:
      'expected 0, or fewer than epochs with model aligned, weighting fixed and losses.contrastive above 0: else nothing would be aligned, or the weighting could not do without the classification loss',
  },
  {
    key: 'freeze',
    isSound: (config) => trainedParts(config).length > 0,
    message: 'expected parts that leave something to be trained with learningRates above 0, got all that the model has',
  },
  {
    key: 'accumulation',
    isSound: ({ accumulation, weighting }) =>
      accumulation === 1 || (weighting !== 'gradnorm' && weighting !== 'pcgrad'),
    message: 'expected 1 with weighting gradnorm or pcgrad: they look at the gradients of one batch',
  },
  {
    key: 'patience',
    isSound: ({ patience, validation }) => patience === 0 || validation === 'split',
    message: 'expected 0 unless validation is split: without a validation split no epoch is better than another',
  },
  {
    key: 'calibration',
    isSound: ({ calibration, validation }) => calibration === 'none' || validation !== 'none',
    message: 'expected none with validation none: there are no images to fit it on',
  },
  {
    key: 'conformalAlpha',
    isSound: ({ conformalAlpha, validation }) => conformalAlpha === 0 || validation !== 'none',
    message: 'expected 0 with validation none: there are no images to fit prediction sets on',
  },
  {
    key: 'encoder',
    isSound: ({ encoder, model }) => encoder.kind === 'frozen' || modelTypes.get(model).isFitted !== true,
    message: 'expected kind frozen with a model that is fitted without epochs: it is fitted to stored features',
  },
  {
    key: 'head',
    isSound: ({ model, head }) => model !== 'stack' || head.of.every((name) => isSingleHead(name)),
    message: 'expected head.of to name heads that are fitted without epochs, other than stack and auto',
  },
  {
    key: 'head',
    isSound: ({ model, head }) =>
      model !== 'auto' ||
      (head.candidates.every((name) => isSingleHead(name) || name === 'stack') &&
        (!head.candidates.includes('stack') || head.of.every((name) => isSingleHead(name)))),
    message: 'expected head.candidates to name heads that are fitted without epochs, other than auto',
  },
  {
    key: 'holdOut',
    isSound: ({ holdOut, model, decoder, heads, prompts }) =>
      holdOut.length === 0 ||
      (modelTypes.get(model).usesPrompts &&
        decoder.kind === 'query' &&
        heads !== 'classification' &&
        !prompts.contextPerLabel),
    message:
      'expected none unless model is aligned, decoder.kind query, heads both or similarity, and the context shared: other models know no label by its prompt',
  },
  {
    key: 'encoder',
    isSound: ({ encoder, model }) =>
      encoder.imageBranch !== 'on' || (encoder.kind === 'frozen' && modelTypes.get(model).usesFeatureMap),
    message:
      'expected imageBranch auto or off unless kind is frozen and model aligned or vision-only: it is trained beside the features of a frozen encoder',
  },
  {
    key: 'encoder',
    isSound: ({ encoder }) =>
      encoder.tune === 'none' ? encoder.tuneLayers === 0 : encoder.kind === 'frozen' && encoder.views === 0,
    message:
      'expected tune none unless kind is frozen, views 0 with it (the images are augmented in each step), and tuneLayers 0 without it',
  },
  {
    key: 'labelPolicy',
    isSound: (config) =>
      policiesOf(config).every(({ classes }) => classes === undefined) ||
      (Object.keys(config.labelPolicyByLabel).length === 0 &&
        modelTypes.get(config.model).usesFeatureMap &&
        config.heads !== 'similarity' &&
        config.classificationLoss === 'bce' &&
        config.positiveWeight === 'none'),
    message:
      'expected a policy of three classes for all labels together, with model aligned or vision-only, heads other than similarity, classificationLoss bce and positiveWeight none: its loss is a cross entropy over three classes',
  },
];

/** The keys, and what must hold between them. */
export const checkedSchema = configSchema.superRefine((config, context) => {
  for (const { key, isSound, message } of rules) {
    if (!isSound(config)) context.addIssue({ code: 'custom', path: [key], message });
  }
});
