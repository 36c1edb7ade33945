import { dirname } from 'node:path';
import { createFile, csvCell, InputError, makeFolder, rename } from '@cxr-align/files';
import { printJson } from '../print.js';
import type { PredictionRecord } from './prediction-record.js';

/** Takes records one by one. */
export interface RecordWriter {
  write: (record: PredictionRecord) => void;
  /** Completes the file; one that was not completed keeps the ending `.part`. */
  close: () => void;
}

/** Prints a line of JSON for each record. */
export function stdoutWriter(): RecordWriter {
  return { write: (record) => printJson(record), close: () => {} };
}

/**
 * Writes records to a file as they come: JSON lines, or CSV with a row for each file.
 *
 * @param labels all labels, in the order of the columns.
 * @throws {InputError} if the file ends in neither .jsonl nor .csv.
 */
export function fileWriter(file: string, labels: readonly string[]): RecordWriter {
  const kind = /\.(jsonl|csv)$/i.exec(file)?.[1].toLowerCase();
  if (kind === undefined)
    throw new InputError(`expected --out to end in .jsonl or .csv, got ${file}; name the file so`);
  makeFolder(dirname(file));
  const part = `${file}.part`;
  const lines = createFile(part, file);
  const line = (text: string): void => lines.write(`${text}\n`);
  if (kind === 'csv') line(csvHeader(labels));
  return {
    write: (record) => line(kind === 'csv' ? csvRow(record, labels) : JSON.stringify(record)),
    close: () => {
      lines.sync();
      lines.close();
      rename(part, file);
    },
  };
}

function csvHeader(labels: readonly string[]): string {
  const own = ['probability', 'score', 'threshold', 'positive'];
  return csvLine([
    ...['file', 'error', 'dataHash', 'model', 'modelHash', 'version', 'engine', 'thresholds'],
    ...['study', 'instance', 'seconds', 'map', 'mapEvidence'],
    ...labels.flatMap((label) => own.map((name) => `${name}:${label}`)),
  ]);
}

function csvRow(
  { file, error, dataHash, model, study, instance, seconds, map, labels: predicted }: PredictionRecord,
  labels: readonly string[],
): string {
  return csvLine([
    ...[file, error, dataHash, model.name, model.hash, model.version, model.engine, model.thresholds],
    ...[study, instance, seconds, map?.file, map?.evidence.text],
    ...labels.flatMap((label) => {
      const { probability, score, threshold, positive } = predicted?.[label] ?? {};
      return [probability, score, threshold, positive === undefined ? undefined : Number(positive)];
    }),
  ]);
}

function csvLine(cells: readonly (string | number | undefined)[]): string {
  return cells.map(csvCell).join(',');
}
