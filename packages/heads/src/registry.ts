import type { HeadType } from './head.js';
import { csra } from './csra.js';
import { gaussian } from './gaussian.js';
import { logistic } from './logistic.js';
import { neighbours } from './neighbours.js';
import { propagation } from './propagation.js';
import { stackType } from './stack.js';
import { textCentroids } from './text-centroids.js';

const types = new Map<string, HeadType>();

/**
 * Adds a kind of head; the built-in ones are added the same way.
 *
 * @throws {RangeError} if the name is taken, or is no name. @throws {TypeError} if it cannot be fitted and restored.
 *
 * @example
 * registerHead('nearest-mean', { reads: [], fit: (problem, options) => …, restore: (stored) => … });
 */
export function registerHead(name: string, type: HeadType): void {
  if (typeof name !== 'string' || name === '' || types.has(name))
    throw new RangeError(
      `heads/registerHead: expected a new name for a head, got ${JSON.stringify(name)}${types.has(name) ? ', which is registered already' : ''}; choose another`,
    );
  if (typeof type?.fit !== 'function' || typeof type.restore !== 'function')
    throw new TypeError(
      `heads/registerHead: expected a head with fit, restore and reads, got ${Object.keys(type ?? {}).join(', ') || 'none of them'}`,
    );
  types.set(name, type);
}

/** The kinds of head that are registered. */
export const heads = {
  has: (name: string): boolean => types.has(name),
  /** @throws {RangeError} if there is none of that name. */
  get: (name: string): HeadType => {
    const type = types.get(name);
    if (!type) throw new RangeError(`heads/heads: expected a head of ${[...types.keys()].join(', ')}, got ${name}`);
    return type;
  },
  get names(): string[] {
    return [...types.keys()];
  },
};

registerHead('logistic', logistic);
registerHead('gaussian', gaussian);
registerHead('text-centroids', textCentroids);
registerHead('csra', csra);
registerHead('neighbours', neighbours);
registerHead('propagation', propagation);
registerHead('stack', stackType(heads.get));
