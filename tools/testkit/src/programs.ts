import { spawnSync } from 'node:child_process';

/** Why some programs cannot be run here, or nothing. */
export function programsMissing(programs: readonly string[]): string | undefined {
  const missing = programs.filter((program) => spawnSync('which', [program]).status !== 0);
  return missing.length > 0 ? `${missing.join(', ')} not on this machine` : undefined;
}

/** A test that runs programs of the machine; without them the test is skipped, and its name says so. */
export function itWithPrograms(programs: readonly string[], name: string, test: () => Promise<void>): void {
  const reason = programsMissing(programs);
  if (reason === undefined) it(name, test, 60_000);
  else it.skip(`${name} (skipped: ${reason})`, () => {});
}
