import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';

/** The packages whose code decides what a training computes. */
const packages = [
  'classifier',
  'datasets',
  'engine',
  'evaluation',
  'files',
  'image-backbone',
  'label-graph',
  'losses',
  'metrics',
  'nn',
  'random',
  'tensor',
  'text-encoder',
  'training',
].map((name) => `@cxr-align/${name}`);

let versions: Record<string, string> | undefined;

/** The versions of the code that trains. */
export function codeVersions(): Record<string, string> {
  if (versions) return versions;
  const require = createRequire(import.meta.url);
  versions = { '@tensorflow/tfjs-core': tf.version_core };
  for (const name of packages) versions[name] = (require(`${name}/package.json`) as { version: string }).version;
  return versions;
}
