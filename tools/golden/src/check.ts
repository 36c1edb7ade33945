import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compare } from './compare.js';
import { lossCase } from './loss-cases.js';
import { modelCase } from './model-cases.js';
import { strategyCase } from './strategy-cases.js';
import type { GoldenCase } from './vector-file.js';

/** Files of the format whose cases are computed here; the others are tables that the tests of their packages read. */
export const isComputed = (name: string): boolean => name.startsWith('losses_') || name === 'model_pieces.json' || name === 'label_strategies.json';

/** How one case went. */
export interface CaseResult {
  file: string;
  id: string;
  /** What is off; empty if the case passes. */
  misses: string[];
}

/** Checks a case against what it expects, at the tolerances that it states. */
export async function checkCase(one: GoldenCase): Promise<string[]> {
  const computed = await (lossCase(one) ?? modelCase(one) ?? strategyCase(one));
  if (!computed) return ['no function is known for this id'];
  return compare(one, computed);
}

/** Checks every case of every file of a folder on the engine that is running. */
export async function checkFolder(folder: string): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const file of readdirSync(folder).filter(isComputed).sort()) {
    const { cases } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { cases: GoldenCase[] };
    for (const one of cases) results.push({ file, id: one.id, misses: await checkCase(one) });
  }
  return results;
}
