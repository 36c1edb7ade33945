#!/usr/bin/env node
// CommonJS, by the package.json beside it: an ES module is itself read by the threads whose number is set here.
const { availableParallelism } = require('node:os');

// Images are inflated and decoded by so many threads at once; Node starts four unless it is told.
process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism()));

import('../dist/main.js').catch((error) => {
  const isMissing =
    error?.code === 'ERR_MODULE_NOT_FOUND' && /Cannot find module '[^']*dist.main\.js'/.test(error.message);
  process.stderr.write(isMissing ? 'cxr-align: not built yet; run npm run build\n' : `${error?.stack ?? error}\n`);
  process.exitCode = 1;
});
