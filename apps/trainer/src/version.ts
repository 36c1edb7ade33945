import { createRequire } from 'node:module';

/** The version of this package, not that of the folder that the command runs in. */
export const version = (createRequire(import.meta.url)('../package.json') as { version: string }).version;
