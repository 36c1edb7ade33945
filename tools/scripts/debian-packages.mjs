// Debian packages that checks need, installed where that can be done.
import { execFileSync } from 'node:child_process';

/** Installs packages; where it cannot be done, nothing is said: what needs them tells that they are missing. */
export function installPackages(...names) {
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore', timeout: 120_000, env });
    const packages = ['install', '-y', '-qq', '--no-install-recommends', ...names];
    execFileSync('apt-get', packages, { stdio: 'ignore', timeout: 300_000, env });
  } catch {
    // Told by what follows.
  }
}

/** Why some programs cannot be run, or nothing. @param packages that have them. */
export function programsMissing(programs, packages) {
  const isThere = (program) => {
    try {
      execFileSync('which', [program], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };
  if (!programs.every(isThere)) installPackages(...packages);
  const missing = programs.filter((program) => !isThere(program));
  return missing.length > 0 ? `no ${missing.join(', ')}: apt-get install ${packages.join(' ')}` : undefined;
}
