/** The usual ways of writing a label cell. */
const usualCells = new Map(
  Object.entries({ '': NaN, '1': 1, '1.0': 1, '0': 0, '0.0': 0, '-1': -1, '-1.0': -1 } satisfies Record<
    string,
    number
  >),
);

/** What a label cell says: 1, 0, −1 (uncertain), NaN (blank), or undefined if it says none of these. */
export function readLabelCell(text: string): number | undefined {
  const usual = usualCells.get(text);
  if (usual !== undefined) return usual;
  const cell = text.trim();
  if (cell === '' || /^nan$/i.test(cell)) return NaN;
  const value = Number(cell);
  return value === 0 || value === 1 || value === -1 ? value : undefined;
}

/** Years from an age cell such as `57` or MIMIC's `057Y`; NaN for a blank, undefined for anything that is no age. */
export function readAge(text: string): number | undefined {
  const cell = text.trim();
  if (cell === '' || /^nan$/i.test(cell)) return NaN;
  const match = /^(\d{1,3})(\.\d+)?(Y)?$/.exec(cell);
  const years = match ? Number(match[1] + (match[2] ?? '')) : NaN;
  return years <= 120 ? years : undefined;
}

/** `M` or `F` from a cell such as `Female`; undefined for a blank or anything else (CheXpert has `Unknown`). */
export function readSex(text: string): 'F' | 'M' | undefined {
  const letter = text.trim().charAt(0).toUpperCase();
  return letter === 'F' || letter === 'M' ? letter : undefined;
}

/** The split that a word names; undefined for another word. */
export function readSplit(text: string): 'train' | 'val' | 'test' | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'train' || word === 'test') return word;
  return ['val', 'valid', 'validate', 'validation', 'dev'].includes(word) ? 'val' : undefined;
}
