import {
  DynamicWeightAverage,
  FixedWeighting,
  GeometricWeighting,
  GradNormWeighting,
  LearnableWeighting,
  ProjectedWeighting,
  RandomWeighting,
  TaskDifficultyWeighting,
  UncertaintyWeighting,
  type TaskKind,
  type TaskWeighting,
} from '@cxr-align/losses';
import type { RandomStream } from '@cxr-align/random';
import { Registry } from '@cxr-align/classifier';

/** The losses of a training. */
export type Task = 'classification' | 'contrastive' | 'orthogonal' | 'graph';

/** What a weighting is made for. */
export interface WeightingContext {
  tasks: readonly Task[];
  /** The configuration's temperature; undefined for the weighting's own. */
  temperature?: number;
  /** Random numbers of the current step. */
  random: () => RandomStream;
}

export interface WeightingFactory {
  make: (context: WeightingContext) => TaskWeighting;
  /** Whether each step weighs the losses by random numbers; such steps are not captured. Default false. */
  isRandom?: boolean;
}

export const weightings = new Registry<WeightingFactory>('training/registerWeighting', 'weighting of losses');

/**
 * Adds a weighting of the losses, which `weighting` of a configuration can then name.
 *
 * @throws {RangeError} if the name is taken.
 */
export function registerWeighting(name: string, factory: WeightingFactory): void {
  weightings.register(name, factory);
}

const kinds: Record<Task, TaskKind> = {
  classification: 'classification',
  contrastive: 'classification',
  orthogonal: 'regression',
  graph: 'regression',
};

registerWeighting('fixed', {
  make: ({ tasks }) => new FixedWeighting(Object.fromEntries(tasks.map((task) => [task, 1]))),
});
registerWeighting('learnable', { make: ({ tasks }) => new LearnableWeighting(tasks) });
registerWeighting('uncertainty', {
  make: ({ tasks }) => new UncertaintyWeighting(Object.fromEntries(tasks.map((task) => [task, kinds[task]]))),
});
registerWeighting('task-difficulty', {
  make: ({ tasks, temperature }) => new TaskDifficultyWeighting(tasks, { temperature }),
});
registerWeighting('dynamic', { make: ({ tasks, temperature }) => new DynamicWeightAverage(tasks, { temperature }) });
registerWeighting('random', {
  make: ({ tasks, random }) => new RandomWeighting(tasks, { normal: () => random().normal() }),
  isRandom: true,
});
registerWeighting('geometric', { make: ({ tasks }) => new GeometricWeighting(tasks) });
registerWeighting('gradnorm', { make: ({ tasks }) => new GradNormWeighting(tasks) });
registerWeighting('pcgrad', {
  make: ({ tasks, random }) => new ProjectedWeighting(tasks, { uniform: () => random().uniform() }),
});
