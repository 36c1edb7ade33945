import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of real data, models and references that may lie beside a checkout; CXR_SHARED names another. */
export const sharedFolder = process.env.CXR_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));

/** A test that needs a file or folder of {@link sharedFolder}; without it the test is skipped, and its name says so. */
export function itWithShared(
  path: string,
  name: string,
  test: (path: string) => void | Promise<void>,
  timeout?: number,
): void {
  const found = `${sharedFolder}/${path}`;
  if (existsSync(found)) it(name, async () => test(found), timeout);
  else it.skip(`${name} (skipped: ${path} is not beside this checkout)`, () => {});
}
