import type { Parameter } from '@cxr-align/nn';
import type { Config } from '../config/config.js';
import { type Part, parts } from '../config/config-schema.js';

/**
 * The learning rate multiplier of each parameter in an epoch: that of its part of the model, and 0 while the part is frozen. The
 * parameters of the loss weighting belong to no part and have 1.
 */
export function learningRateMultipliers(
  { freeze, learningRates }: Pick<Config, 'freeze' | 'learningRates'>,
  parameters: readonly Pick<Parameter, 'name'>[],
  epoch: number,
): number[] {
  const { from, epochs } = freeze;
  const isNow = epoch >= from && (epochs === 0 || epoch < from + epochs);
  return parameters.map(({ name }) => {
    const part = partOf(name);
    if (part === undefined) return 1;
    return isNow && freeze.parts.includes(part) ? 0 : learningRates[part];
  });
}

/** The scope that holds the arrays of a part. */
const scopes: Record<Part, string> = { encoder: 'encoder', decoder: 'splitter', prompts: 'prompts', heads: 'head' };

/** The part of a model that an array belongs to; undefined for what balances the losses. */
function partOf(name: string): Part | undefined {
  const [scope] = name.split('/');
  if (scope === 'weighting') return undefined;
  return parts.find((part) => scopes[part] === scope) ?? 'heads';
}
