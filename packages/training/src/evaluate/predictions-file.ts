import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, manifestName, readCovered, readJson, readManifest, writeCovered } from '@cxr-align/files';
import { readParquetRows } from '@cxr-align/datasets';
import { parquetWriteBuffer, type ColumnSource } from 'hyparquet-writer';
import { type Evaluation, type Predictions, columnOf } from '@cxr-align/evaluation';

const fileName = 'predictions.parquet';
const evaluationFile = 'evaluation.json';
/** What only the folder of a run, or of its evaluation, has. */
export const detailsFile = 'evaluation-details.json';

const hint = 'evaluate again, or resume the training';

/**
 * Writes `predictions.parquet`: sample, patient, split, and `y:NAME`, `p:NAME` for each label. Where probabilities have lost an
 * order that the scores have (logits of 98 and 99), `s:NAME` has the scores.
 */
export function writePredictions(folder: string, predictions: Predictions): void {
  writeCovered(folder, { [fileName]: predictionBytes(predictions) });
}

/** @param evaluation whose identity the file has as metadata, under the key `cxr-align`. */
function predictionBytes(predictions: Predictions, evaluation?: Evaluation): Uint8Array {
  const { labels, samples, targets, probabilities } = predictions;
  const scores = hasLostOrder(predictions) ? predictions.scores : undefined;
  const text = (name: string, value: (sample: Predictions['samples'][number]) => string): ColumnSource => ({
    name,
    data: samples.map(value),
    type: 'STRING',
  });
  const count = labels.length;
  const columns: ColumnSource[] = [
    text('sample', ({ id }) => id),
    text('patient', ({ patient }) => patient),
    text('split', ({ split }) => split),
  ];
  labels.forEach((label, i) => {
    const y = samples.map((_, row) => targets[row * count + i]);
    columns.push({
      name: `y:${label}`,
      data: y.map((value) => (Number.isNaN(value) ? null : value)),
      type: 'INT32',
      nullable: true,
    });
    const doubles = (name: string, values: Float64Array): ColumnSource => ({
      name,
      data: [...columnOf(values, count, i)],
      type: 'DOUBLE',
    });
    columns.push(doubles(`p:${label}`, probabilities), ...(scores ? [doubles(`s:${label}`, scores)] : []));
  });
  const identity = evaluation?.identity;
  const notes = identity && JSON.stringify({ ...identity, name: evaluation.data, split: evaluation.split });
  const kvMetadata = notes === undefined ? [] : [{ key: 'cxr-align', value: notes }];
  return new Uint8Array(parquetWriteBuffer({ columnData: columns, kvMetadata }));
}

/** Whether probabilities of a label are equal whose scores are not. */
function hasLostOrder({ labels, scores, probabilities }: Predictions): boolean {
  if (!scores) return false;
  const distinct = (values: Float64Array, i: number): number => new Set(columnOf(values, labels.length, i)).size;
  return labels.some((_, i) => distinct(scores, i) > distinct(probabilities, i));
}

/**
 * Reads what {@link writePredictions} wrote.
 *
 * @param onRemark is called where the folder has no manifest, as where another program wrote the file: its bytes cannot be checked.
 * @throws {InputError} if the folder holds no predictions, or a bit of them was changed.
 */
export async function readPredictions(folder: string, onRemark?: (text: string) => void): Promise<Predictions> {
  const file = join(folder, fileName);
  if (!existsSync(file))
    throw new InputError(`expected a run or a folder of evaluate with ${fileName}, got none`, { file: folder });
  checkFile(folder, fileName, onRemark);
  return predictionsIn(file);
}

/** The predictions in a file that {@link writePredictions} or {@link writeValidation} wrote, as it lies there. */
async function predictionsIn(file: string): Promise<Predictions> {
  const rows = await readParquetRows(file);
  const labels = Object.keys(rows[0] ?? {}).flatMap((name) => (name.startsWith('y:') ? [name.slice(2)] : []));
  const numbers = (kind: string): Float64Array =>
    Float64Array.from(rows.flatMap((row) => labels.map((label) => Number(row[`${kind}:${label}`]))));
  const hasScores = labels.length > 0 && Object.hasOwn(rows[0], `s:${labels[0]}`);
  return {
    labels,
    samples: rows.map(({ sample, patient, split }) => ({
      id: String(sample),
      patient: String(patient),
      split: split as 'test',
    })),
    targets: Float32Array.from(
      rows.flatMap((row) => labels.map((label) => (row[`y:${label}`] === null ? NaN : Number(row[`y:${label}`])))),
    ),
    probabilities: numbers('p'),
    ...(hasScores && { scores: numbers('s') }),
  };
}

/** `RUN/validation.parquet`: what the thresholds of a run were chosen on. */
export const validationFile = 'validation.parquet';

/**
 * Writes `validation.parquet`, in the form of `predictions.parquet`: the validation images, their targets, and the probabilities that
 * thresholds were chosen on.
 */
export function writeValidation(run: string, validation: Predictions): void {
  writeCovered(run, { [validationFile]: predictionBytes(validation) });
}

/**
 * Reads what {@link writeValidation} wrote; undefined where the run has none, as those of earlier versions.
 *
 * @throws {InputError} if it is missing though the manifest names it, or a bit of it was changed.
 */
export async function readValidation(run: string): Promise<Predictions | undefined> {
  const manifest = readManifest(run, hint);
  if (!manifest?.has(validationFile)) return undefined;
  readCovered(run, validationFile, { manifest, hint: 'resume the training, which makes it again' });
  return predictionsIn(join(run, validationFile));
}

/**
 * Reads `evaluation.json`; null if there is none.
 *
 * @throws {InputError} if it is no JSON, or a bit of it was changed.
 */
export function readEvaluationFile(folder: string): unknown {
  if (!existsSync(join(folder, evaluationFile))) return null;
  checkFile(folder, evaluationFile);
  return readJson(join(folder, evaluationFile));
}

/** @throws {InputError} if a file is not as the manifest of its folder names it. */
function checkFile(folder: string, name: string, onRemark?: (text: string) => void): void {
  const manifest = readManifest(folder, hint);
  if (manifest) readCovered(folder, name, { manifest, hint });
  else if (existsSync(join(folder, detailsFile)))
    throw new InputError(`expected ${manifestName} with the hashes of its files, got none; ${hint}`, { file: folder });
  else
    onRemark?.(
      `${folder} has no ${manifestName}: it was written by another program or an earlier version, and whether ${name} is as it was written is not known`,
    );
}

/** Writes `evaluation.json` and `predictions.parquet`, and the manifest that names them. */
export function writeEvaluation(
  folder: string,
  { evaluation, predictions }: { evaluation: Evaluation; predictions: Predictions },
  more: Readonly<Record<string, string>> = {},
): void {
  writeCovered(folder, {
    ...more,
    [fileName]: predictionBytes(predictions, evaluation),
    [evaluationFile]: `${JSON.stringify(evaluation, null, 2)}\n`,
  });
}
