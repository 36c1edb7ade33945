import { join } from 'node:path';
import { InputError, readJson, schemaFault } from '@cxr-align/files';
import { parseEvaluation } from '@cxr-align/evaluation';
import { z } from 'zod';
import { readTrainedModel } from '../config/config.js';
import { checkRunFiles } from '../run-folder.js';
import type { EvaluatedRun } from './evaluated-model.js';
import { detailsFile, readPredictions, writeEvaluation } from './predictions-file.js';

/** What of an evaluated run lies in no other file of its folder. */
interface EvaluationDetails extends Pick<EvaluatedRun, 'split' | 'edges' | 'remarks'> {
  /** Cosines between label embeddings [labels, labels] row by row; null where the model has none. */
  cosines: { images: number[] | null; prompts: number[] | null };
  sourceAttention: number[] | null;
}

/** Writes `evaluation.json`, `predictions.parquet` and `evaluation-details.json`: all that a report needs beside the model. */
export function writeEvaluatedRun(folder: string, evaluated: EvaluatedRun): void {
  const { split, edges, remarks, cosines, sourceAttention } = evaluated;
  const list = (values: Float32Array | undefined): number[] | null => (values ? [...values] : null);
  const details: EvaluationDetails = {
    split,
    edges,
    remarks,
    cosines: { images: list(cosines.images), prompts: list(cosines.prompts) },
    sourceAttention: list(sourceAttention),
  };
  writeEvaluation(folder, evaluated, { [detailsFile]: `${JSON.stringify(details)}\n` });
}

/** Reads what {@link writeEvaluatedRun} wrote into the folder of a run. @throws {InputError} if a file is missing or damaged. */
export async function readEvaluatedRun(run: string): Promise<Omit<EvaluatedRun, 'dataset'>> {
  checkRunFiles(run);
  const { cosines, sourceAttention, ...details } = readDetails(join(run, detailsFile));
  const array = (values: number[] | null): Float32Array | undefined => (values ? Float32Array.from(values) : undefined);
  return {
    run,
    ...details,
    stored: readTrainedModel(run),
    evaluation: parseEvaluation(readJson(join(run, 'evaluation.json')), join(run, 'evaluation.json')),
    predictions: await readPredictions(run),
    cosines: { images: array(cosines.images), prompts: array(cosines.prompts) },
    sourceAttention: array(sourceAttention),
  };
}

const numbers = z.array(z.number()).nullable();
const count = z.number().int().min(0);

/** The form of `evaluation-details.json`. */
const detailsSchema = z.looseObject({
  split: z.enum(['train', 'val', 'test', 'out-of-fold']),
  edges: z.looseObject({
    of: z.string(),
    counts: z.array(
      z.looseObject({
        child: z.string(),
        parent: z.string(),
        childPresent: count,
        parentPresent: count,
        parentAbsent: count,
        parentUnknown: count,
      }),
    ),
  }),
  remarks: z.array(z.string()),
  cosines: z.looseObject({ images: numbers, prompts: numbers }),
  sourceAttention: numbers,
});

function readDetails(file: string): EvaluationDetails {
  const content = readJson(file);
  const { error } = detailsSchema.safeParse(content);
  if (error)
    throw new InputError(
      `expected what a training writes here, got another content (${schemaFault(error)}); resume the training, which makes it again`,
      { file },
    );
  return content as EvaluationDetails;
}
