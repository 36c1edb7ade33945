const fewCases = /^(.+): only (.+) \(fewer than (\d+)\): estimates and tests are unreliable$/s;
/** Labels with few cases from which on they are named in one sentence. */
const manyLabels = 3;

/** Remarks for people: those on labels with few cases as one, where there are several. */
export function shortRemarks(remarks: readonly string[]): string[] {
  const found = remarks.map((remark) => fewCases.exec(remark));
  const few = found.filter((match) => match !== null);
  if (few.length < manyLabels) return [...remarks];
  const names = few.map(([, label, cases]) => `${label} (${cases})`).join(', ');
  const sentence = `estimates and tests are unreliable with fewer than ${few[0][3]} images with or without a label: ${names}`;
  const first = found.findIndex((match) => match !== null);
  return remarks.flatMap((remark, i) => (i === first ? [sentence] : found[i] === null ? [remark] : []));
}
