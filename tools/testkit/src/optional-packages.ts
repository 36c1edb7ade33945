import { createRequire } from 'node:module';

/** Tests that need optional packages; without them they are skipped, and their name says so. */
export function describeWithPackages(packages: readonly string[], name: string, tests: () => void): void {
  const missing = packages.filter((one) => {
    try {
      createRequire(import.meta.url).resolve(one);
      return false;
    } catch {
      return true;
    }
  });
  if (missing.length === 0) describe(name, tests);
  else describe.skip(`${name} (skipped: ${missing.join(', ')} not installed)`, tests);
}

/** Tests that run an ONNX model. */
export function describeWithOnnx(name: string, tests: () => void): void {
  describeWithPackages(['onnxruntime-node'], name, tests);
}
