import { registerKernel } from '../kernel-registry.js';

/** Kernels of the shipped backend (4.22) that compute wrong values for negative inputs, and that nothing replaces. */
const wrongKernels = ['Dilation2D', 'Dilation2DBackpropInput', 'Dilation2DBackpropFilter'] as const;

/** Refuses kernels whose results would be wrong without a word. */
export function refuseWrongKernels(): void {
  for (const name of wrongKernels)
    registerKernel('wasm', name, () => () => {
      throw new RangeError(
        `engine/wasm: ${name}: expected another operation, got one whose kernel in tfjs-backend-wasm 4.22 is wrong for negative values; try the engine cpu or native`,
      );
    });
}
