import * as tf from '@tensorflow/tfjs-core';

/** The key of the one copy of TensorFlow.js that computes here, for packages outside node_modules. */
export const sharedTfjsKey = 'cxr-align.tfjs-core';

/** Lets packages outside node_modules, set up with a link to it, find the TensorFlow.js of this process. */
export function exposeTfjs(): void {
  Object.assign(globalThis, { [Symbol.for(sharedTfjsKey)]: tf });
}
