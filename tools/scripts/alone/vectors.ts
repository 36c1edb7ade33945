// Every reference vector of the losses, on the backend that runs.
import { compare } from '../../golden/src/compare.js';
import { lossCase } from '../../golden/src/loss-cases.js';
import type { GoldenCase } from '../../golden/src/vector-file.js';

/** Computes all cases. @returns what differs, a line each. */
export async function vectorMisses(cases: GoldenCase[]): Promise<string[]> {
  const misses: string[] = [];
  for (const one of cases) {
    try {
      misses.push(...compare(one, await lossCase(one)!).map((miss) => `${one.id}: ${miss}`));
    } catch (error) {
      misses.push(`${one.id}: ${(error as Error).message}`);
    }
  }
  return misses;
}
