#!/usr/bin/env node
import('../dist/main.js').catch((error) => {
  const isMissing = error?.code === 'ERR_MODULE_NOT_FOUND' && String(error.message).includes('dist/main.js');
  process.stderr.write(isMissing ? 'cxr-align: not built yet; run npm run build\n' : `${error?.stack ?? error}\n`);
  process.exitCode = 1;
});
