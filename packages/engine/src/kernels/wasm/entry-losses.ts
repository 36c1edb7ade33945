import type { EntryLoss, EntryLossInputs, FusedOps } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
import { EntryLoss as LossNumber, Kernel } from '../../../assembly/call.js';
import type { KernelThreadPool } from './thread-pool.js';

/** Entries of a chunk: sums do not depend on the number of threads. */
const chunkSize = 2 ** 12;

/** Losses on logits by our own kernel: values and derivatives in one pass. */
export function wasmEntryLosses(pool: KernelThreadPool): NonNullable<FusedOps['entryLosses']> {
  return (loss, inputs, { isSummed, isDifferentiated }) =>
    tf.tidy(() => {
      const { logits } = inputs;
      const [rows, width] = sizesOf(inputs);
      const step = Math.max(1, Math.floor(chunkSize / Math.max(1, width)));
      const count = Math.ceil(rows / step);
      const sums = pool.allocateTensor([count]);
      const values = isSummed ? undefined : pool.allocateTensor(logits.shape);
      const derivative = isDifferentiated ? pool.allocateTensor(logits.shape) : undefined;
      const floats = [logits, inputs.targets, inputs.factors, inputs.columns].map((x) => x && tf.cast(x, 'float32'));
      const addressOf = (x?: tf.Tensor): number => (x ? pool.address(x) : 0);
      const [ofLogits, targets, factors, columns] = floats.map(addressOf);
      pool.run(
        Kernel.entryLosses,
        { count, nanoseconds: 8 * step * width },
        {
          logits: ofLogits,
          targets,
          factors,
          columns,
          values: addressOf(values),
          slopes: addressOf(derivative),
          sums: pool.address(sums),
          rows,
          width,
          step,
          loss: LossNumber[loss.name],
          ...numbersOf(loss),
        },
      );
      return { values: values ?? tf.sum(sums), ...(derivative && { derivative }) };
    });
}

/** Rows and their width; one long row, cut where it is convenient, where columns do not matter. */
function sizesOf({ logits, columns }: EntryLossInputs): [number, number] {
  const { size } = logits;
  const width = logits.shape[logits.rank - 1] ?? 1;
  if (columns || size % 4 !== 0) return [width === 0 ? 0 : size / width, width];
  return [size / 4, 4];
}

const none = { detached: 0, gammaPositive: 0, gammaNegative: 0, clip: 0, eps: 0, coefficientA: 0, coefficientB: 0 };

/** The numbers of a loss, where the kernel reads them. */
function numbersOf(loss: EntryLoss): typeof none {
  switch (loss.name) {
    case 'binaryCrossEntropy':
      return none;
    case 'focal': {
      const [negative, positive] = loss.alpha === null ? [1, 1] : [1 - loss.alpha, loss.alpha];
      return { ...none, gammaPositive: loss.gamma, coefficientA: negative, coefficientB: positive - negative };
    }
    case 'asymmetric': {
      const { name: _name, detachFocus, ...numbers } = loss;
      return { ...none, ...numbers, detached: Number(detachFocus) };
    }
    case 'robustAsymmetric': {
      const { gammaPositive, gammaNegative, clip, lambda: eps, polynomial } = loss;
      return {
        ...none,
        gammaPositive,
        gammaNegative,
        clip,
        eps,
        coefficientA: polynomial[0],
        coefficientB: polynomial[1],
      };
    }
    case 'distributionBalanced':
      return { ...none, eps: loss.lambda };
  }
}
