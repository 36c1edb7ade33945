import { library } from '../../tools/scripts/tsup-library';

// Our own kernels of the wasm engine, with and without fused multiplication and addition.
export default library({ after: 'cd assembly && asc index.ts --target plain && asc index.ts --target fused' });
