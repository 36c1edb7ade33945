/** A table row that could not be used. */
export interface BadRow {
  file: string;
  /** Line of the file, the header being 1. */
  row: number;
  column?: string;
  expected: string;
  got: string;
}

/** A table whose rows are read anew each time; they are never all in memory. */
export interface Table {
  file: string;
  header: string[];
  /**
   * Goes through the rows that have as many cells as the header.
   *
   * @param onRow is given the cells as texts, and the line of the file that they end on.
   * @param onBad is given rows with another number of cells.
   */
  each: (onRow: (cells: string[], line: number) => void, onBad?: (row: BadRow) => void) => Promise<void>;
}

/** The place of the first of some names in a header, whatever their case; −1 if none is there. */
export function columnOf(header: readonly string[], names: readonly string[]): number {
  const lower = header.map((name) => name.toLowerCase());
  return names.map((name) => lower.indexOf(name)).find((at) => at >= 0) ?? -1;
}
