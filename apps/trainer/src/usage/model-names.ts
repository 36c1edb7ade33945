import { basename, dirname, join, resolve } from 'node:path';

/** The run that an evaluation in `RUN/evaluations/` is of; the folder itself where it is none. */
function runOf(folder: string): string {
  const above = dirname(resolve(folder));
  return basename(above) === 'evaluations' ? dirname(above) : resolve(folder);
}

/** What models are called by: their run, with the evaluation where two are of one run; the whole path where that is the same, too. */
export function modelNames(folders: readonly string[]): string[] {
  const own = folders.map((folder) => basename(resolve(folder)));
  const runs = folders.map((folder) => basename(runOf(folder)));
  const both = folders.map((_, i) => (own[i] === runs[i] ? runs[i] : `${runs[i]} (${own[i]})`));
  const isAlone = (names: readonly string[], i: number): boolean =>
    names.filter((name) => name === names[i]).length === 1;
  return folders.map((folder, i) => [runs, both].find((names) => isAlone(names, i))?.[i] ?? folder);
}

/** Where a comparison is written: beside the first run. */
export function comparisonFolder(folders: readonly string[]): string {
  const names = modelNames(folders).map((name) => basename(name).replace(/ \((.*)\)$/, '-$1'));
  const [first] = folders;
  const isEvaluation = runOf(first) !== resolve(first);
  return join(first, ...(isEvaluation ? ['..', '..'] : []), '..', `compare-${names.join('-')}`);
}
