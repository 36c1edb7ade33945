/** A text between single or double quotes. */
const quoted = /(['"])((?:\\.|(?!\1).)*)\1/gs;

/** Whether a cell is a list as Python or JSON writes it: `['Edema', 'Mass']`, `[]`. */
export function isWrittenList(cell: string): boolean {
  return /^\s*\[.*\]\s*$/s.test(cell) || /^\s*\{\s*(['"].*)?\}\s*$/s.test(cell);
}

/** The findings that a cell lists: between separators, or as a list of Python or JSON. An empty list is one. */
export function listedFindings(cell: string, separator: string): string[] {
  const names = isWrittenList(cell)
    ? cell.includes('"') || cell.includes("'")
      ? [...cell.matchAll(quoted)].map(([, , name]) => name)
      : cell.replace(/[[\]{}]/g, '').split(',')
    : cell.split(separator);
  return names.map((name) => name.trim()).filter((name) => name !== '');
}
