import { fusedOps, registerFusedOps, type FusedOps } from '@cxr-align/fused-ops';

let depth = 0;

/** Whether what runs now is to be compiled by XLA, which has no form of our own kernels. */
export const isCompilable = (): boolean => depth > 0;

/** Makes a function that runs a computation without our own kernels, by these fused operations, which XLA can compile. */
export function compilableOps(ops: FusedOps): <T>(work: () => T) => T {
  return (work) => {
    const usual = fusedOps('tensorflow');
    registerFusedOps('tensorflow', ops);
    depth++;
    try {
      return work();
    } finally {
      depth--;
      registerFusedOps('tensorflow', usual);
    }
  };
}
