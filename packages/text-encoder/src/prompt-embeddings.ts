import { readFileSync } from 'node:fs';
import { InputError, readNpy } from '@cxr-align/files';

/** One vector a label, computed elsewhere. */
export interface PromptEmbeddings {
  labels: readonly string[];
  dim: number;
  /** [labels, dim] row by row, as stored. */
  values: Float32Array;
}

/**
 * Reads prompt embeddings of another program: an `.npy` array [labels, dim], and the label of each row.
 *
 * @param labels names in row order; rows are numbered without them.
 * @param dim the width that the vectors must have, if it matters.
 * @throws {InputError} if the array is no matrix, of another size, or holds a number that is not finite.
 */
export function loadPromptEmbeddings(
  file: string,
  { labels, dim }: { labels?: readonly string[]; dim?: number } = {},
): PromptEmbeddings {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new InputError(`expected an .npy array, got ${(error as NodeJS.ErrnoException).code}; check the path`, {
      file,
    });
  }
  const { shape, data } = readNpy(bytes, file);
  if (shape.length !== 2) throw new InputError(`expected embeddings [labels, dim], got [${shape}]`, { file });
  const [rows, width] = shape;
  if (labels && rows !== labels.length)
    throw new InputError(
      `expected a row for each of ${labels.length} labels, got ${rows}; pass the labels of the rows`,
      { file },
    );
  if (dim !== undefined && width !== dim)
    throw new InputError(`expected vectors of ${dim} numbers, got ${width}; they come from another encoder`, { file });
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw new InputError(
      `expected finite numbers, got ${data[at]} in row ${Math.floor(at / width)}, column ${at % width}; compute the embeddings again`,
      { file },
    );
  }
  return {
    labels: labels ?? Array.from({ length: rows }, (_, row) => String(row)),
    dim: width,
    values: Float32Array.from(data),
  };
}
