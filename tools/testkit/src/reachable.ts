import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Bytes that JavaScript can still reach, array buffers included, after a full collection. Unlike resident memory, which also counts
 * what the collector has not yet thrown away, it does not depend on how busy the machine is.
 */
export function reachableBytes(): number {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
