import { InputError, schemaFault } from '@cxr-align/files';
import { z } from 'zod';
import type { EpochRecord, GradientRecord } from './records.js';
import type { LoopState } from './snapshot.js';

const count = z.number().int().min(0);
/** NaN is null in JSON: the mean over no step. */
const mean = z.number().nullable();
const byName = z.record(z.string(), mean);

const ofSide = z.looseObject({ used: count, checked: count, right: count });
const pseudoLabelCounts = z.looseObject({ images: count, positive: ofSide, negative: ofSide });

/** A line of `history.jsonl`. */
export const epochRecord = z.looseObject({
  epoch: count,
  step: count,
  learningRate: z.number(),
  loss: mean,
  losses: byName,
  weights: byName,
  gradientNorm: mean,
  validation: z.number().nullable(),
  skippedSteps: count.optional(),
  pseudoLabels: pseudoLabelCounts.optional(),
}) as unknown as z.ZodType<EpochRecord>;

/** A line of `gradients.jsonl`. */
export const gradientRecord = z.looseObject({
  step: count,
  tasks: z.array(z.string()),
  cosines: z.array(z.array(z.number().nullable())),
}) as unknown as z.ZodType<GradientRecord>;

const loopState = z.looseObject({
  epoch: count,
  best: z.number().nullable(),
  // −1 before the first validation.
  bestEpoch: count.or(z.literal(-1)),
  bestIs: z.enum(['none', 'parameters', 'average', 'best']),
  sums: z
    .looseObject({
      steps: count,
      losses: byName,
      norms: mean,
      learningRate: z.number(),
      skipped: z.looseObject({ steps: count, images: count }).optional(),
      pseudoLabels: pseudoLabelCounts.optional(),
    })
    .optional(),
  unvalidated: epochRecord.optional(),
  history: z.array(epochRecord),
  gradients: z.array(gradientRecord),
  skippedSteps: count.optional(),
  optimizerStep: count,
  averageSteps: count,
  weighting: z.unknown().optional(),
  pseudoLabels: z
    .looseObject({ batches: count, positive: z.array(z.number()), negative: z.array(z.number()) })
    .optional(),
  // In the order that reports have, so that a state that is read and written anew has the same bytes.
  captured: z.looseObject({
    mode: z.enum(['xla', 'replay', 'off']).optional(),
    captured: count,
    opByOp: count,
    checked: count,
    possiblyStale: count,
  }),
}) as unknown as z.ZodType<LoopState>;

/** The state of a loop in the text that a checkpoint has it as. @throws {InputError} if it is none. */
export function parseLoopState(text: string | undefined, file: string): LoopState {
  const other = (why: string): InputError =>
    new InputError(`expected the state of a training, got another content (${why}); use an older checkpoint`, { file });
  let content: unknown;
  try {
    content = JSON.parse(text ?? '');
  } catch {
    throw other('no JSON');
  }
  const { data, error } = loopState.safeParse(content);
  if (error) throw other(schemaFault(error));
  return data;
}
