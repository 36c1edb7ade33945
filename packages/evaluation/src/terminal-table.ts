/** Columns that every terminal has. */
const terminal = 80;
/** Names are not cut below this. */
const shortest = 12;

/**
 * A table as lines of a terminal of 80 columns. Where it would be wider, the names in the first column lose
 * their middle: what labels have in common is at their beginning, what distinguishes them often at their end.
 *
 * @param texts columns that are text: they begin on the left, numbers end on the right.
 */
export function terminalTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  texts: readonly number[] = [0],
): string[] {
  const cells = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => lengthOf(row[column]))));
  const others = widths.slice(1).reduce((sum, width) => sum + width + 2, 0);
  widths[0] = Math.min(widths[0], Math.max(shortest, terminal - others));
  return cells.map((row) =>
    row
      .map((cell, column) => {
        const shown = column === 0 ? withoutMiddle(cell, widths[0]) : cell;
        const space = ' '.repeat(Math.max(0, widths[column] - lengthOf(shown)));
        return texts.includes(column) ? shown + space : space + shown;
      })
      .join('  ')
      .trimEnd(),
  );
}

function lengthOf(text: string): number {
  return [...text].length;
}

function withoutMiddle(text: string, most: number): string {
  const signs = [...text];
  if (signs.length <= most) return text;
  const end = Math.floor((most - 1) / 2);
  return `${signs.slice(0, most - 1 - end).join('')}…${signs.slice(signs.length - end).join('')}`;
}
