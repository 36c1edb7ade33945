/** Signs with which a spreadsheet begins to compute. */
const formula = /^[=+\-@\t\r]/;
/** A number is none, whatever its sign. */
const number = /^[-+]?(\d+([.,]\d*)?|[.,]\d+)(e[-+]?\d+)?$/i;

/**
 * A cell of a table in CSV: in quotes where it needs them (RFC 4180), a blank for null. A text that a spreadsheet would compute
 * begins with `'`, which {@link cellOfCsv} takes off again.
 *
 * @see OWASP, CSV Injection.
 */
export function csvCell(value: string | number | null | undefined): string {
  if (typeof value !== 'string') return String(value ?? '');
  const text = formula.test(value) && !number.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The text of a cell that {@link csvCell} wrote, once its quotes are off: without the `'` before what a spreadsheet would compute. */
export function cellOfCsv(text: string): string {
  return text.charCodeAt(0) === 39 && formula.test(text.slice(1)) ? text.slice(1) : text;
}
