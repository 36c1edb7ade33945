/** Refuses what is no list of numbers: a tensor, a text, nothing at all. Elements of plain arrays are checked, too. */
export function checkNumbers(where: string, name: string, values: ArrayLike<number>): void {
  if (ArrayBuffer.isView(values) && !(values instanceof DataView) && !isBigInts(values)) return;
  if (!Array.isArray(values)) {
    const isTensor = typeof (values as { dataSync?: unknown } | null | undefined)?.dataSync === 'function';
    throw new TypeError(
      `metrics/${where}: expected ${name} as an array or typed array of numbers, got ${isTensor ? 'a tensor' : kindOf(values)}; ${isTensor ? 'read it first: await tensor.data()' : 'convert it with Float64Array.from'}`,
    );
  }
  for (let i = 0; i < values.length; i++) {
    if (typeof values[i] !== 'number') {
      throw new TypeError(
        `metrics/${where}: expected numbers in ${name}, got ${kindOf(values[i])} at index ${i}; convert it, with NaN for what is unknown`,
      );
    }
  }
}

/** Refuses lists of numbers of different lengths; the first one sets the length. */
export function checkRows(where: string, lists: Readonly<Record<string, ArrayLike<number>>>): void {
  const [[firstName, first], ...others] = Object.entries(lists);
  checkNumbers(where, firstName, first);
  for (const [name, values] of others) {
    checkNumbers(where, name, values);
    if (values.length !== first.length) {
      throw new RangeError(
        `metrics/${where}: expected as many ${name} as ${firstName}, got ${values.length} and ${first.length}; pass one a row`,
      );
    }
  }
}

/** Refuses lists of different lengths, and targets that are not 0, 1 or NaN. The first list has the targets. */
export function checkTargets(where: string, lists: Readonly<Record<string, ArrayLike<number>>>): void {
  checkRows(where, lists);
  const targets = Object.values(lists)[0];
  for (let row = 0; row < targets.length; row++) {
    const target = targets[row];
    if (target !== 0 && target !== 1 && !Number.isNaN(target)) throw badTarget(where, target, row);
  }
}

/** Refuses a matrix that does not fill rows of a value for each label. */
export function checkRowLength(where: string, values: ArrayLike<number>, labels: number): void {
  checkCount(where, 'labels', labels);
  if (values.length % labels === 0) return;
  throw new RangeError(
    `metrics/${where}: expected rows of ${labels} labels, got ${values.length} values; pass [rows, labels] row by row`,
  );
}

/** The error for a target that is neither 0, 1 nor NaN. */
export function badTarget(where: string, target: number, row: number): RangeError {
  return new RangeError(
    `metrics/${where}: expected targets of 0, 1 or NaN, got ${target} in row ${row}; map uncertain labels first`,
  );
}

/** Refuses probabilities outside [0, 1], such as logits; NaN passes. */
export function checkProbabilities(where: string, probabilities: ArrayLike<number>): void {
  for (let row = 0; row < probabilities.length; row++) {
    const value = probabilities[row];
    if (value < -1e-6 || value > 1 + 1e-6) {
      throw new RangeError(
        `metrics/${where}: expected probabilities in [0, 1], got ${value} in row ${row}; apply the sigmoid to logits first`,
      );
    }
  }
}

/** Refuses options that a function does not have, such as a misspelt one. */
export function checkOptions(where: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(
      `metrics/${where}: expected options as an object, got ${kindOf(options)}; pass { ${known.join(', ')} }`,
    );
  }
  const strange = Object.keys(options).find((key) => !known.includes(key));
  if (strange !== undefined) {
    throw new TypeError(
      `metrics/${where}: expected the options ${known.join(', ')}, got ${JSON.stringify(strange)}; remove or correct it`,
    );
  }
}

/** Refuses a number outside a range, such as a share of 95. */
export function checkBetween(
  where: string,
  name: string,
  value: number,
  { above = -Infinity, atMost = Infinity, below = Infinity }: { above?: number; atMost?: number; below?: number },
): void {
  if (typeof value === 'number' && value > above && value <= atMost && value < below) return;
  const upper = below < Infinity ? `${below})` : atMost < Infinity ? `${atMost}]` : '∞)';
  throw new RangeError(
    `metrics/${where}: expected ${name} in (${above}, ${upper}, got ${kindOf(value)}; choose a value in that range`,
  );
}

/** Refuses a count that is no whole number of at least 1. */
export function checkCount(where: string, name: string, value: number, least = 1): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(
    `metrics/${where}: expected ${name} as a whole number of at least ${least}, got ${kindOf(value)}; pass one`,
  );
}

/** One of some names. */
export function checkChoice(where: string, name: string, value: unknown, known: readonly string[]): void {
  if (typeof value === 'string' && known.includes(value)) return;
  throw new RangeError(
    `metrics/${where}: expected ${name} of ${known.join(', ')}, got ${kindOf(value)}; choose one of these`,
  );
}

function isBigInts(values: ArrayBufferView): boolean {
  return values instanceof BigInt64Array || values instanceof BigUint64Array;
}

function kindOf(value: unknown): string {
  if (value === null || ['undefined', 'number', 'boolean'].includes(typeof value)) return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return 'an array';
  const name = (value as object).constructor?.name;
  return typeof value === 'object' && name ? `a value of ${name}` : `a ${typeof value}`;
}
