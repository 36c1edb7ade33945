// Runs commands one after the other in one process, which has loaded the program once: a line of JSON on stdin is a command's arguments,
// a line on stdout how it ended and the last of what it printed. What the program remembers of folders is forgotten between commands.
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const main = pathToFileURL(process.argv[2]).href;
const answer = process.stdout.write.bind(process.stdout);
process.setMaxListeners(0);
process.stdout.setMaxListeners(0);
process.stderr.setMaxListeners(0);

let started = 0;
async function run(args) {
  process.argv = [process.argv[0], main, ...args];
  process.exitCode = undefined;
  const printed = { out: '', err: '' };
  const written = (stream) => (part, encoding, done) => {
    printed[stream] = (printed[stream] + part).slice(-1_000_000);
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback) setImmediate(callback);
    return true;
  };
  process.stdout.write = written('out');
  process.stderr.write = written('err');
  globalThis[Symbol.for('cxr-align.cleared-folders')]?.clear();
  const code = await new Promise((resolve) => {
    process.exit = (given) => resolve(given ?? process.exitCode ?? 0);
    import(`${main}?start=${started++}`).catch((error) => {
      printed.err += error.stack;
      resolve(1);
    });
  });
  return { code, ...printed };
}

for await (const line of createInterface({ input: process.stdin }))
  answer(`${JSON.stringify(await run(JSON.parse(line)))}\n`);
