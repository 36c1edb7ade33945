import * as tf from '@tensorflow/tfjs-core';
import type { NodeBackend } from '../kernels/tensorflow/operations.js';
import type { PrecisionFacts } from '../kernels/tensorflow/product-precision.js';
import { cudaMachine } from './cuda-machine.js';

/** The compute capability that TF32 came with. */
const firstWithTf32 = 8;

/**
 * Whether a TensorFlow can, or has to, multiply in TF32: decided by the device, by the variable that NVIDIA's libraries read when they
 * are loaded, and by TensorFlow's switch.
 *
 * @param override the value of NVIDIA_TF32_OVERRIDE.
 */
export function tensorFloat32Facts(
  onGpu: boolean,
  override = process.env.NVIDIA_TF32_OVERRIDE,
  machine: typeof cudaMachine = cudaMachine,
): Pick<PrecisionFacts, 'noTf32' | 'noFloat32'> {
  if (!onGpu)
    return {
      noTf32: {
        reason: 'TF32 is of NVIDIA GPUs, and this TensorFlow computes on the CPU',
        hint: 'use the engine cuda, or float32',
      },
    };
  const forced = override !== undefined && override !== '' && override !== '0';
  const noFloat32 = forced
    ? {
        reason: `NVIDIA_TF32_OVERRIDE=${override} makes all products TF32`,
        hint: 'unset it, or use tf32',
      }
    : undefined;
  return { noTf32: noTf32(override, machine), noFloat32 };
}

function noTf32(override: string | undefined, machine: typeof cudaMachine): PrecisionFacts['noTf32'] {
  if (override === '0')
    return {
      reason: 'products were fixed to float32 when TensorFlow was loaded (NVIDIA_TF32_OVERRIDE=0)',
      hint: 'start the engine with tf32: true, and with that variable unset',
    };
  const { binding } = tf.backend() as unknown as NodeBackend;
  if (binding.tensorFloat32?.() === undefined)
    return { reason: 'the binding has no switch for TF32', hint: 'run cxr-align setup gpu, or use float32' };
  const old = machine().devices.find(({ computeCapability }) => !(parseFloat(computeCapability) >= firstWithTf32));
  return old
    ? {
        reason: `${old.name} has compute capability ${old.computeCapability}, and TF32 came with ${firstWithTf32}.0`,
        hint: 'use a newer device, or float32',
      }
    : undefined;
}
