import { library } from '../../tools/scripts/tsup-library';

// The kernels of the wasm engine, with and without fused multiplication and addition, are built by AssemblyScript.
export default library({
  parts: ['set-up'],
  after: 'cd assembly && asc index.ts --target plain && asc index.ts --target fused',
});
