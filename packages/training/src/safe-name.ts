/**
 * A name as that of a folder. Characters other than letters, digits, `_`, `-` and `.` are written as `%` and their bytes, so that names
 * that differ have folders that differ, and none leads elsewhere.
 */
export function safeName(name: string): string {
  const bytes = (text: string): string =>
    [...new TextEncoder().encode(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  return name.replace(/^\.+$|[^\w.-]+/g, bytes);
}
