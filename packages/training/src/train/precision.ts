import type { Engine } from '@cxr-align/engine';
import { InputError } from '@cxr-align/files';
import { precisionUnavailable } from '@cxr-align/nn';
import type { Config } from '../config/config-schema.js';

/** @throws {InputError} if the engine cannot compute products in the precision of a configuration, with the reason and what to do. */
export function refusePrecision({ precision }: Pick<Config, 'precision'>, { name, description }: Engine): void {
  const unavailable = precisionUnavailable(precision);
  if (unavailable)
    throw new InputError(
      `expected an engine with products of ${precision} (precision), got ${name} (${description}): ${unavailable.reason}; ${unavailable.hint}`,
    );
}
