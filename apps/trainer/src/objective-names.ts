/** The losses that a score can be trained by. */
export const classificationLosses = [
  'bce',
  'focal',
  'asymmetric',
  'robust-asymmetric',
  'distribution-balanced',
  'max-constraint',
] as const;

/** The ways to balance the losses of a run. */
export const weightings = [
  'fixed',
  'learnable',
  'uncertainty',
  'task-difficulty',
  'dynamic',
  'random',
  'geometric',
  'gradnorm',
  'pcgrad',
] as const;
