import { readFileSync } from 'node:fs';
import { InputError, readNpy } from '@cxr-align/files';

/** One embedding per label, computed by another program. */
export interface PromptEmbeddings {
  labels: readonly string[];
  dim: number;
  /** [labels, dim] in row-major order, as stored. */
  values: Float32Array;
}

/**
 * Reads prompt embeddings of another program: an `.npy` array [labels, dim], and the label of each row.
 *
 * @param options.labels names in row order. Default the row numbers.
 * @param options.dim the width that the embeddings must have. Default any.
 * @throws {InputError} if the file is missing, or the array is no matrix, has another size, or a number that is not finite.
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
  if (shape.length !== 2)
    throw new InputError(`expected embeddings [labels, dim], got [${shape}]; try one row per label`, { file });
  const [rows, width] = shape;
  if (labels && rows !== labels.length)
    throw new InputError(
      `expected a row for each of ${labels.length} labels, got ${rows}; try the labels in the order of the rows`,
      { file },
    );
  if (dim !== undefined && width !== dim)
    throw new InputError(
      `expected vectors of ${dim} numbers, got ${width}; try the encoder that the others come from`,
      { file },
    );
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
