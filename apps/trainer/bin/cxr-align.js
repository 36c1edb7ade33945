#!/usr/bin/env node
// CommonJS, by the package.json beside it: an ES module is itself read by the threads whose number is set here.
const { availableParallelism, homedir } = require('node:os');
const { join } = require('node:path');

// Images are inflated and decoded by so many threads at once; Node starts four unless it is told.
process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism()));

// From version 22.8 on Node can keep what it has compiled, and starts faster the next time: in a folder of the user's own, for others
// could put code into one that they share.
const { CXR_ALIGN_CACHE, XDG_CACHE_HOME } = process.env;
const caches = CXR_ALIGN_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'cxr-align');
require('node:module').enableCompileCache?.(join(caches, 'compiled'));

import('../dist/main.js').catch((error) => {
  const isMissing =
    error?.code === 'ERR_MODULE_NOT_FOUND' && /Cannot find module '[^']*dist.main\.js'/.test(error.message);
  process.stderr.write(isMissing ? 'cxr-align: not built yet; run npm run build\n' : `${error?.stack ?? error}\n`);
  process.exitCode = 1;
});
