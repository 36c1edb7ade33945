const britishSpellings: readonly [RegExp, string][] = [
  [/oedema/g, 'edema'],
  [/oesoph/g, 'esoph'],
  [/haem/g, 'hem'],
  [/tumour/g, 'tumor'],
  [/calibre/g, 'caliber'],
];

/**
 * A label name as it is compared: lower case, American spelling, underscores and punctuation as spaces, plurals as
 * singulars. `Pleural_Thickenings` = `pleural thickening`.
 */
export function normalizeLabel(name: string): string {
  const spelled = britishSpellings.reduce((text, [from, to]) => text.replace(from, to), name.toLowerCase());
  return spelled
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
    .map(singular)
    .join(' ');
}

/** Without the ending of a plural; Greek and Latin words on -sis, -us and -ss keep theirs. */
function singular(word: string): string {
  if (word.length <= 3) return word;
  return word.endsWith('ies') ? `${word.slice(0, -3)}y` : word.replace(/([^sui])s$/, '$1');
}
