import { createRequire } from 'node:module';

/** Tests that run an ONNX model; without the optional package that does it they are skipped, and their name says so. */
export function describeWithOnnx(name: string, tests: () => void): void {
  let isThere = true;
  try {
    createRequire(import.meta.url).resolve('onnxruntime-node');
  } catch {
    isThere = false;
  }
  if (isThere) describe(name, tests);
  else describe.skip(`${name} (skipped: onnxruntime-node is not installed)`, tests);
}
