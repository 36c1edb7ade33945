// npm run setup:native, npm run setup:gpu: TensorFlow itself, by the command of the trainer. Flags go on after `--`.
import { buildIfNeeded, installIfNeeded, root, run } from './workspace.mjs';

installIfNeeded();
await buildIfNeeded();
run(process.execPath, [`${root}/apps/trainer/bin/cxr-align.js`, 'setup', ...process.argv.slice(2)]);
