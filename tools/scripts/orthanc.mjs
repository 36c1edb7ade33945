// npm run orthanc [-- IMAGES]: the service beside a real archive (Debian's orthanc and orthanc-dicomweb), with kills of both in between.
import { buildIfNeeded, installIfNeeded, root, run } from './workspace.mjs';

installIfNeeded();
await buildIfNeeded();
const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
const test = ['-c', 'apps/trainer/jest.config.mjs', 'test/orthanc.test'];
const env = { TEST_ORTHANC: '1', ...(process.argv[2] && { ORTHANC_IMAGES: process.argv[2] }) };
run(process.execPath, [...jest, ...test], { cwd: root, env });
