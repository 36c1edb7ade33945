/** Refuses what is no list of numbers, and numbers that do not fill rows of a value for each label. */
export function checkRows(where: string, what: string, values: ArrayLike<number>, labels: readonly string[]): void {
  if (typeof values !== 'object' || values === null || !(Array.isArray(values) || ArrayBuffer.isView(values))) {
    throw new TypeError(
      `${where}: expected ${what} as an array or typed array, got ${values === null ? 'null' : typeof values}; read a tensor by await tensor.data()`,
    );
  }
  if (labels.length > 0 ? values.length % labels.length !== 0 : values.length > 0) {
    throw new RangeError(
      `${where}: expected rows of ${labels.length} ${what}, got ${values.length} values; order the columns as the graph's labels`,
    );
  }
}
