/** Letters of a name that somebody may have mistyped: comparing takes the square of them. */
const longest = 200;

/**
 * The known name that a mistyped one most probably means: one of which it is the beginning (`gammaNeg`), or else the one
 * with the fewest edits, if these are no more than a third of its letters.
 *
 * @returns undefined if no name is near.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const typed = name.toLowerCase();
  if (typed.length > longest) return undefined;
  const [nearest] = known
    .map((candidate) => ({ candidate, distance: distanceOf(typed, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return nearest?.candidate;
}

function distanceOf(typed: string, candidate: string): number {
  if (typed.length > 2 && (candidate.startsWith(typed) || typed.startsWith(candidate))) return 0.5;
  return editDistance(typed, candidate);
}

/** Insertions, deletions, substitutions and swaps of neighbours: optimal string alignment. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      current.push(Math.min(substituted, previous[j] + 1, current[j - 1] + 1, isSwap ? before[j - 2] + 1 : Infinity));
    }
    before = previous;
    previous = current;
  }
  return previous[b.length];
}
