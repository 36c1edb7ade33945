/** What the tables of a data set have for its samples: one value, as functions here take and return it. */
export interface Annotations {
  /** Label order. */
  labels: readonly string[];
  /** [samples, labels] row by row: 1 present, 0 absent, −1 uncertain, NaN not mentioned. */
  values: Float32Array;
  /**
   * 1 for values, NaN in `values`, of labels that were not examined in the image, as in a set merged of several: not known
   * under every policy, while a label that is just not mentioned may count as absent. Of the length of `values`.
   */
  notLabelled?: Uint8Array;
}

/** The same with any kind of arrays, as functions accept it. */
export interface AnnotationsLike {
  labels: readonly string[];
  values: ArrayLike<number>;
  notLabelled?: ArrayLike<number>;
}

/** Some rows, in an order. */
export function selectRows({ labels, values, notLabelled }: Annotations, rows: ArrayLike<number>): Annotations {
  const count = labels.length;
  const of = <T extends Float32Array | Uint8Array>(all: T, taken: T): T => {
    for (let i = 0; i < rows.length; i++) taken.set(all.subarray(rows[i] * count, (rows[i] + 1) * count), i * count);
    return taken;
  };
  const size = rows.length * count;
  return {
    labels,
    values: of(values, new Float32Array(size)),
    ...(notLabelled && { notLabelled: of(notLabelled, new Uint8Array(size)) }),
  };
}

/** Some label columns, in an order. */
export function selectColumns({ labels, values, notLabelled }: Annotations, columns: readonly number[]): Annotations {
  const rows = labels.length === 0 ? 0 : values.length / labels.length;
  const of = <T extends Float32Array | Uint8Array>(all: T, taken: T): T => {
    for (let row = 0; row < rows; row++)
      columns.forEach((column, i) => (taken[row * columns.length + i] = all[row * labels.length + column]));
    return taken;
  };
  const size = rows * columns.length;
  return {
    labels: columns.map((column) => labels[column]),
    values: of(values, new Float32Array(size)),
    ...(notLabelled && { notLabelled: of(notLabelled, new Uint8Array(size)) }),
  };
}

/** The values of a label, a number a sample. @throws {RangeError} if there is no such label. */
export function annotationsOf({ labels, values }: AnnotationsLike, label: string): Float32Array {
  const at = labels.indexOf(label);
  if (at < 0)
    throw new RangeError(
      `datasets/annotationsOf: expected a label of ${labels.join(', ')}, got ${label}; correct the name`,
    );
  return Float32Array.from({ length: values.length / labels.length }, (_, row) => values[row * labels.length + at]);
}
