import { fastForms, type RepeatedWork } from '@cxr-align/fast-forms';
import { gradientsAndExtras, type GradientsAndExtras } from '@cxr-align/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import type { Pass } from './pass.js';

/** Work that is done again and again, by what the engine that runs has for it, else as it is. */
export function repeatedWork(): RepeatedWork {
  return fastForms().repeated?.() ?? { run: (_request, work) => work(), dispose: () => {} };
}

/**
 * The gradients of one loss, asked for in each step of a training: engines that can do so find out what operations it is made of,
 * and run them without JavaScript in between.
 */
export class RepeatedGradients {
  private readonly work = repeatedWork();

  /** Why the engine does the work as it is, though it would have another way. */
  get reason(): string | undefined {
    return this.work.reason;
  }

  /**
   * As {@link gradientsAndExtras}.
   *
   * @param request `inputs` are the tensors of the batch, `pass` is that of the step; what else `forward` depends on besides
   *   variables and tensors that are kept stays as it is within a `round`, say an epoch.
   */
  look(
    { inputs, pass, round }: { inputs: tf.Tensor[]; pass: Pass; round: number },
    forward: () => { loss: tf.Scalar; extras: Record<string, tf.Tensor> },
    variables: tf.Variable[],
  ): GradientsAndExtras {
    const found: GradientsAndExtras = { loss: undefined as unknown as tf.Scalar, gradients: {}, extras: {} };
    const told = { inputs, step: pass.step, round, hasDrawn: () => pass.hasDrawn };
    const results = this.work.run(told, () => {
      const { loss, gradients, extras } = gradientsAndExtras(forward, variables);
      return { loss, ...prefixed('gradients', gradients), ...prefixed('extras', extras) };
    });
    for (const [key, tensor] of Object.entries(results)) {
      const [part, ...name] = key.split('/');
      if (part === 'loss') found.loss = tensor as tf.Scalar;
      else found[part as 'gradients' | 'extras'][name.join('/')] = tensor;
    }
    return found;
  }

  dispose(): void {
    this.work.dispose();
  }
}

function prefixed(part: keyof GradientsAndExtras, tensors: Readonly<Record<string, tf.Tensor>>): tf.NamedTensorMap {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${part}/${name}`, tensor]));
}
