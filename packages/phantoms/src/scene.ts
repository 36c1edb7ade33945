import type { RandomStream } from '@cxr-align/random';
import type { Anatomy, Side } from './anatomy.js';
import type { Film } from './film.js';

/** What a finding works on. */
export interface Scene {
  film: Film;
  anatomy: Anatomy;
  lungs: Record<Side, Float32Array>;
  random: RandomStream;
}

/** A side of the chest at random. */
export const pickSide = (random: RandomStream): Side => (random.chance(0.5) ? -1 : 1);
/** A number from a range at random. */
export const between = (random: RandomStream, low: number, high: number): number =>
  low + (high - low) * random.uniform();
