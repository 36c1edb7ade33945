import type { Model } from '@cxr-align/classifier';
import type { Parameters } from '@cxr-align/nn';
import type { Config } from '../config/config-schema.js';

/** Settings that a model has nothing for, a sentence each. */
export function unreadSettings(config: Config, model: Pick<Model, 'logitOffset'>, parameters: Parameters): string[] {
  const hasNorm = parameters.all().some(({ name }) => /^(?:pixels|head\/probe)\/norm\//.test(name));
  return [
    ...(config.headNorm && !hasNorm
      ? [
          `headNorm is not used: ${config.model} has no layer on pooled features here (linear and mlp have one, and the linear probe beside a frozen encoder)`,
        ]
      : []),
    ...(config.logitAdjustment > 0 && !model.logitOffset
      ? [`logitAdjustment is not used: the model ${config.model} has no offset of logits`]
      : []),
  ];
}
