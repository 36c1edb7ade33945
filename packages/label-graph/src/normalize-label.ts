const spellings: readonly [RegExp, string][] = [
  [/œ/g, 'oe'],
  [/æ/g, 'ae'],
  [/ß/g, 'ss'],
  [/oedema/g, 'edema'],
  [/oesoph/g, 'esoph'],
  [/haem/g, 'hem'],
  [/tumour/g, 'tumor'],
  [/calibre/g, 'caliber'],
];

/** Accents of Latin and Greek letters; in other scripts a mark makes another letter, and stays. */
const accents = /(?<=[\p{Script=Latin}\p{Script=Greek}][\u0300-\u036f]*)[\u0300-\u036f]/gu;

/**
 * A label name as it is compared: lower case, without accents, full-width forms as plain ones, American spelling,
 * underscores and punctuation as spaces, English plurals as singulars. Letters and digits of every script count.
 * `Pleural_Thickenings` = `pleural thickening`, `Épanchement` = `epanchement`; `肺炎` and `气胸` differ.
 *
 * A name without any letter or digit is compared as it is written.
 */
export function normalizeLabel(name: string): string {
  const plain = name.normalize('NFKD').toLowerCase().replace(accents, '').normalize('NFC');
  const spelled = spellings.reduce((text, [from, to]) => text.replace(from, to), plain);
  const words = spelled.split(/[^\p{L}\p{M}\p{N}]+/u).filter((word) => word !== '');
  return words.length > 0 ? words.map(singular).join(' ') : plain.trim();
}

/** Without the ending of a plural; Greek and Latin words on -sis, -us and -ss keep theirs. */
function singular(word: string): string {
  if (word.length <= 3) return word;
  return word.endsWith('ies') ? `${word.slice(0, -3)}y` : word.replace(/([^sui])s$/, '$1');
}
