import { registerFusedOps } from '@cxr-align/fused-ops';
import { registerAveragePoolGradient } from './average-pool.js';
import { registerConv2D } from './conv2d.js';
import { registerFusedConv2D, registerFusedMatMul } from './fused-layers.js';
import { wasmFusedOps } from './fused-ops.js';
import { registerGather } from './gather.js';
import { registerMatMul } from './mat-mul.js';
import { registerMaxPool } from './max-pool.js';
import { registerPlainFilterGradient, registerSegmentSum } from './missing-gradients.js';
import { refuseWrongKernels } from './refused-kernels.js';
import { registerSharedCopies } from './shared-copies.js';
import { registerContiguousSlice } from './slice.js';
import type { KernelThreadPool } from './thread-pool.js';

/** Registers our own kernels and fused operations for the wasm backend, and what it lacks or computes wrong. */
export function registerFastKernels(pool: KernelThreadPool): void {
  registerMatMul(pool);
  registerConv2D(pool);
  registerFusedConv2D();
  registerSharedCopies();
  registerContiguousSlice();
  registerGather();
  registerAveragePoolGradient();
  registerCorrections();
  registerFusedOps('wasm', wasmFusedOps(pool));
}

/** Registers only the gradients that the shipped backend lacks, and corrections of what it computes wrong. */
export function registerPlainKernels(): void {
  registerPlainFilterGradient();
  registerCorrections();
}

function registerCorrections(): void {
  registerSegmentSum();
  registerFusedMatMul();
  registerMaxPool();
  refuseWrongKernels();
}
