import { scheduleFactor } from '@cxr-align/nn';
import type { Config } from '../config/config-schema.js';

/** What of a configuration gives each step its learning rate. */
export type LearningRateConfig = Pick<Config, 'epochs' | 'learningRate' | 'schedule' | 'warmup'>;

/** Steps in which the learning rate rises. */
export function warmupSteps({ epochs, warmup }: Pick<Config, 'epochs' | 'warmup'>, stepsPerEpoch: number): number {
  return Math.round(warmup * epochs * stepsPerEpoch);
}

/** The learning rate of a step. @param step counted from 0 over the whole training. */
export function learningRateAt(config: LearningRateConfig, step: number, stepsPerEpoch: number): number {
  const { learningRate, schedule, epochs } = config;
  return (
    learningRate *
    scheduleFactor(schedule, step + 1, {
      warmup: warmupSteps(config, stepsPerEpoch),
      total: epochs * stepsPerEpoch + 1,
    })
  );
}
