import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, sha256 } from '@cxr-align/files';
import type { Localisation } from '@cxr-align/evaluation';
import type { MeasuredMaps } from './map-evidence.js';
import { weightsFile } from '../store/stored-model.js';

/** The hash of the weights that maps are made by: it stays where a threshold is changed. */
export function weightsHash(run: string): string {
  return sha256(readFileSync(join(run, 'model', weightsFile)));
}

/**
 * The evaluations in a run folder whose maps were compared with boxes: its own, and those that were made of it since. What was
 * measured on other weights is left out.
 *
 * @throws {InputError} if one of them is no JSON.
 */
export function readMeasuredMaps(run: string): MeasuredMaps[] {
  const others = join(run, 'evaluations');
  const names = existsSync(others) ? readdirSync(others).sort() : [];
  const files = [run, ...names.map((name) => join(others, name))]
    .map((folder) => join(folder, 'evaluation.json'))
    .filter((file) => existsSync(file));
  let weights: string | undefined;
  return files.flatMap((file) => {
    const { localisation, data, split } = readJson(file) as {
      localisation?: Localisation;
      data: string;
      split: string;
    };
    if (!localisation?.kinds) return [];
    weights ??= weightsHash(run);
    const isOther = localisation.weights !== undefined && localisation.weights !== weights;
    return isOther ? [] : [{ data: `${data}, ${split}`, localisation }];
  });
}
