import { printableText } from '@cxr-align/files/printable';

const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Escapes a text for HTML and SVG, in content and in attributes; control characters, which neither has, become `\\u001b`. */
export function escapeHtml(text: string): string {
  return printableText(text).replace(/[&<>"']/g, (sign) => names[sign]);
}
