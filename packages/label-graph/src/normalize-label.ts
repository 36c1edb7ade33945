/**
 * A label name as it is compared: lower case, British to American spelling, underscores and punctuation as spaces,
 * `Pleural_Thickening` = `pleural thickening`.
 */
export function normalizeLabel(name: string): string {
  return name
    .toLowerCase()
    .replace(/oedema/g, 'edema')
    .replace(/[^a-z0-9]+/g, ' ')
    .trim();
}
