// node --import ./record-modules.mjs PROGRAM: writes the path of every module that the program loads to the file of RECORDED_MODULES,
// a line each, ES modules as they are loaded and CommonJS ones when the program ends.
import { appendFileSync } from 'node:fs';
import Module, { register } from 'node:module';
import { fileURLToPath } from 'node:url';

const hook = `
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
export function load(url, context, next) {
  if (url.startsWith('file:')) appendFileSync(process.env.RECORDED_MODULES, fileURLToPath(url) + '\\n');
  return next(url, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
const own = fileURLToPath(import.meta.url);
process.on('exit', () => {
  const paths = Object.keys(Module._cache).filter((path) => path !== own);
  appendFileSync(process.env.RECORDED_MODULES, paths.map((path) => `${path}\n`).join(''));
});
