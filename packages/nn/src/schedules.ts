/** What a schedule needs to know of the run. */
export interface ScheduleOptions {
  /** Steps in which the rate rises from 0. */
  warmup: number;
  /** Steps of the whole run. */
  total: number;
  /** Full cosine waves of `warmup-cosine-restarts`. Default 3. */
  cycles?: number;
}

/** The schedules by name. */
export const scheduleNames = [
  'constant',
  'warmup-constant',
  'warmup-linear',
  'warmup-cosine',
  'warmup-cosine-restarts',
] as const;

export type ScheduleName = (typeof scheduleNames)[number];

/**
 * The factor of the learning rate after `step` finished steps, in [0, 1].
 *
 * During warm-up it is step / warmup, so the first step of a run with warm-up changes nothing. Then, with the progress
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
