/** The steps that a learning rate schedule spans. */
export interface ScheduleOptions {
  /** Steps in which the learning rate rises linearly from 0. */
  warmup: number;
  /** Steps of the whole training. */
  total: number;
  /** Cosine cycles of `warmup-cosine-restarts`. Default 3. */
  cycles?: number;
}

/** The names of the schedules. */
export const scheduleNames = [
  'constant',
  'warmup-constant',
  'warmup-linear',
  'warmup-cosine',
  'warmup-cosine-restarts',
] as const;

/** A name of a learning rate schedule. */
export type ScheduleName = (typeof scheduleNames)[number];

/**
 * The multiplier of the base learning rate after `step` completed steps, in [0, 1].
 *
 * `constant` is 1 throughout. In the warm-up the others are step / warmup, so the first step of a training has learning rate 0.
 * After it, `warmup-constant` is 1; with the progress
 * t = (step − warmup) / (total − warmup): `warmup-linear` is 1 − t, `warmup-cosine` (1 + cos πt) / 2, and
 * `warmup-cosine-restarts` (1 + cos π(cycles · t mod 1)) / 2.
 */
export function scheduleFactor(
  name: ScheduleName,
  step: number,
  { warmup, total, cycles = 3 }: ScheduleOptions,
): number {
  if (name === 'constant') return 1;
  if (step < warmup) return step / warmup;
  const progress = Math.min(1, (step - warmup) / Math.max(1, total - warmup));
  switch (name) {
    case 'warmup-constant':
      return 1;
    case 'warmup-linear':
      return 1 - progress;
    case 'warmup-cosine':
      return Math.max(0, (1 + Math.cos(Math.PI * progress)) / 2);
    case 'warmup-cosine-restarts':
      return progress >= 1 ? 0 : Math.max(0, (1 + Math.cos(Math.PI * ((cycles * progress) % 1))) / 2);
  }
}
