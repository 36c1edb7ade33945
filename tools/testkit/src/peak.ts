import * as tf from '@tensorflow/tfjs-core';

/** How TensorFlow.js learns that there is a tensor, and that its data is gone. */
interface DataTracking {
  state: { tensorInfo: { has(dataId: object): boolean } };
  trackTensor(tensor: tf.Tensor, backend: unknown): void;
  removeDataId(dataId: object, backend: unknown): void;
}

/** Bytes of tensor data at the worst moment of a piece of work, beyond those before; each data counts once. */
export function peakBytes(work: () => void): number {
  const engine = tf.engine() as unknown as DataTracking;
  const { trackTensor, removeDataId } = engine;
  const alive = new Map<object, number>();
  let [bytes, peak] = [0, 0];
  engine.trackTensor = (tensor, backend) => {
    if (!engine.state.tensorInfo.has(tensor.dataId)) {
      alive.set(tensor.dataId, tensor.size * tf.util.bytesPerElement(tensor.dtype));
      peak = Math.max(peak, (bytes += alive.get(tensor.dataId)!));
    }
    trackTensor.call(engine, tensor, backend);
  };
  engine.removeDataId = (dataId, backend) => {
    bytes -= alive.get(dataId) ?? 0;
    removeDataId.call(engine, dataId, backend);
  };
  try {
    tf.tidy(work);
  } finally {
    Object.assign(engine, { trackTensor, removeDataId });
  }
  return peak;
}
