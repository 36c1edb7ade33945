import { InputError } from '@cxr-align/files';
import type { Config } from '@cxr-align/training';

/** Successive halving: all trials are trained for few epochs, the best of them for more, and so on. */
export interface HalvingOptions {
  /** Epochs after each of which the worst trials are left out; the last one is what the best are trained for. */
  rungs?: readonly number[];
  /** One trial in so many continues. Default 3. */
  reduction?: number;
}

const usualReduction = 3;

/**
 * The rungs of a search: those that are given, else `epochs` divided by the reduction twice, and once.
 *
 * @throws {InputError} if they do not rise.
 */
export function planHalving(epochs: number, { rungs, reduction = usualReduction }: HalvingOptions) {
  if (!(Number.isFinite(reduction) && reduction > 1))
    throw new InputError(`expected a reduction above 1, got ${reduction}`);
  if (rungs !== undefined) {
    const wrong = rungs.find((rung, i) => !Number.isInteger(rung) || rung < 1 || rung <= (rungs[i - 1] ?? 0));
    if (rungs.length < 2 || wrong !== undefined)
      throw new InputError(`expected two or more rungs in epochs, each more than that before, got ${rungs.join(', ')}`);
    return { rungs: [...rungs], reduction };
  }
  const planned = [2, 1, 0].map((power) => Math.max(1, Math.ceil(epochs / reduction ** power)));
  const distinct = planned.filter((rung, i) => rung !== planned[i - 1]);
  if (distinct.length < 2)
    throw new InputError(`expected more epochs to halve a search, got ${epochs}; train longer, or do without`);
  return { rungs: distinct, reduction };
}

/**
 * Whether a run of any length is trained on as if it had been longer from the start, however many steps an epoch has: else each rung trains
 * a run of its own, with the whole schedule.
 */
export function trainsOn({ schedule, warmup }: Pick<Config, 'schedule' | 'warmup'>): boolean {
  return schedule === 'constant' || (schedule === 'warmup-constant' && warmup === 0);
}
