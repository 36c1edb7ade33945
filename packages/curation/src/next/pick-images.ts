import { rowProduct, type Rows } from '../row-product.js';
import { kMeans } from './k-means.js';

/** Images that may be chosen, and what is known of them. */
export interface PickProblem {
  /** All images: rows of length 1. */
  units: Rows;
  /** Rows that may be chosen. */
  candidates: readonly number[];
  /** Of each image: the number of its patient. */
  groups: ArrayLike<number>;
  /** How many are chosen; fewer where there are not as many. */
  count: number;
  /** Images of a patient that are chosen at most. */
  perPatient: number;
}

/** A row that was chosen. */
export interface Picked {
  row: number;
  /** How much it is worth, from 1 downwards for the first; only the order means something. */
  value: number;
}

/**
 * Images that stand for all: the candidates are put into as many clusters as images are wanted, and of each the one nearest to the
 * centre is chosen, the largest cluster first. Where patients are used up, the images that are least like the chosen ones follow.
 */
export function pickRepresentatives(problem: PickProblem & { seed: number }): Picked[] {
  const { units, candidates, groups, seed } = problem;
  const count = Math.min(problem.count, candidates.length);
  if (count === 0) return [];
  const { columns } = units;
  const data = new Float32Array(candidates.length * columns);
  candidates.forEach((row, at) => data.set(units.data.subarray(row * columns, (row + 1) * columns), at * columns));
  const { clusterOf, distances, count: clusters } = kMeans({ columns, data }, { count, seed });
  const members: number[][] = Array.from({ length: clusters }, () => []);
  clusterOf.forEach((cluster, at) => members[cluster].push(at));
  const quota = new Quota(groups, problem.perPatient);
  const picked: Picked[] = [];
  for (const own of members.sort((a, b) => b.length - a.length)) {
    own.sort((a, b) => distances[a] - distances[b] || a - b);
    const at = own.find((one) => quota.allows(candidates[one]));
    if (at === undefined) continue;
    quota.take(candidates[at]);
    picked.push({ row: candidates[at], value: own.length / candidates.length });
  }
  const chosen = picked.map(({ row }) => row);
  const rest = candidates.filter((row) => !chosen.includes(row));
  return [
    ...picked,
    ...pickByValue({
      ...problem,
      candidates: rest,
      count: count - picked.length,
      known: chosen,
      quota,
      worth: () => 1,
    }),
  ];
}

/**
 * Images one after the other, each the one with the largest worth × distance to the nearest image that is labelled or chosen; images
 * that are worth nothing, and copies of these, are not chosen.
 *
 * @param problem.known rows that are labelled already.
 * @param problem.worth of a row, at least 0.
 */
export function pickByValue({
  units,
  candidates,
  groups,
  count,
  perPatient,
  known,
  worth,
  quota = new Quota(groups, perPatient),
}: PickProblem & { known: readonly number[]; worth: (row: number) => number; quota?: Quota }): Picked[] {
  const distance = new Float64Array(candidates.length).fill(1);
  const approach = (row: number): void =>
    candidates.forEach((one, at) => {
      distance[at] = Math.min(distance[at], (1 - rowProduct(units, one, units, row)) / 2);
    });
  known.forEach(approach);
  const worths = candidates.map(worth);
  const isTaken = new Uint8Array(candidates.length);
  const picked: Picked[] = [];
  while (picked.length < count) {
    let [best, most] = [-1, 0];
    candidates.forEach((row, at) => {
      const value = worths[at] * Math.max(0, distance[at]);
      if (value > most && isTaken[at] === 0 && quota.allows(row)) [best, most] = [at, value];
    });
    if (best < 0) break;
    isTaken[best] = 1;
    quota.take(candidates[best]);
    picked.push({ row: candidates[best], value: most });
    approach(candidates[best]);
  }
  return picked;
}

/** Counts the images of each patient that were chosen. */
export class Quota {
  private readonly taken = new Map<number, number>();

  constructor(
    private readonly groups: ArrayLike<number>,
    private readonly perPatient: number,
  ) {}

  allows(row: number): boolean {
    return (this.taken.get(this.groups[row]) ?? 0) < this.perPatient;
  }

  take(row: number): void {
    this.taken.set(this.groups[row], (this.taken.get(this.groups[row]) ?? 0) + 1);
  }
}
