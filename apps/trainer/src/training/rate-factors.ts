import type { Parameter } from '@cxr-align/nn';
import type { Config } from '../config/config.js';
import { parts, type Part } from '../config/config-schema.js';

/**
 * What the learning rate of each array is multiplied by in an epoch: that of its part of the model, and 0 while the part is frozen.
 * What balances the losses belongs to no part.
 */
export function rateFactors(
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

/** The part of a model that an array belongs to; undefined for what balances the losses. */
function partOf(name: string): Part | undefined {
  const [scope] = name.split('/');
  if (scope === 'weighting') return undefined;
  return parts.find((part) => part === scope) ?? 'head';
}
